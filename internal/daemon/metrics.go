package daemon

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"renewd/internal/mailout"
	"renewd/internal/plan"
	"renewd/internal/renewal"
)

// metrics are counted in a registry of their own. No label names a customer.
type metrics struct {
	registry  *prometheus.Registry
	decisions *prometheus.CounterVec
	messages  *prometheus.CounterVec
	late      *prometheus.HistogramVec
	passes    *prometheus.CounterVec
	passTime  prometheus.Histogram
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "renewd_decisions_total",
			Help: "Reminders that were decided to wait, to be skipped or to leave, by reason."}, []string{"decision", "reason"}),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "renewd_messages_total",
			Help: "Tries to send a message, by class and what came of them."}, []string{"class", "outcome", "about"}),
		late: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "renewd_send_delay_seconds",
			Help:    "Time between the moment at which a reminder was due and the server's answer.",
			Buckets: []float64{1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600, 3 * 24 * 3600, 7 * 24 * 3600}}, []string{"class"}),
		passes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "renewd_passes_total", Help: "Passes, by whether they succeeded."},
			[]string{"ok"}),
		passTime: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "renewd_pass_seconds", Help: "How long a pass took.",
			Buckets: []float64{0.001, 0.01, 0.1, 1, 10, 60, 600, 3600}}),
	}
	m.registry.MustRegister(m.decisions, m.messages, m.late, m.passes, m.passTime,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) decided(l plan.Line) {
	m.decisions.WithLabelValues(string(l.Decision), string(l.Reason)).Inc()
}

func (m *metrics) sent(r Report) {
	m.messages.WithLabelValues(string(r.Class), string(r.Answer.Outcome), string(r.Answer.About)).Inc()
	if r.Answer.Outcome == mailout.Accepted {
		m.late.WithLabelValues(string(r.Class)).Observe(r.Late.Seconds())
	}
}

func (m *metrics) passed(took time.Duration, ok bool) {
	word := "no"
	if ok {
		word = "yes"
	}
	m.passes.WithLabelValues(word).Inc()
	m.passTime.Observe(took.Seconds())
}

// handler answers a scrape: what was counted, and how things stood after the
// last pass.
func (m *metrics) handler(s *Server) http.Handler {
	m.registry.MustRegister(&standingCollector{s})
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// standingCollector reports how things stand.
type standingCollector struct{ s *Server }

var (
	remindersDesc  = prometheus.NewDesc("renewd_reminders", "Reminders that are due, waiting, sending, uncertain or failed, by reason.", []string{"state", "reason"}, nil)
	tasksDesc      = prometheus.NewDesc("renewd_tasks", "What waits for a person, by kind.", []string{"kind"}, nil)
	flyingDesc     = prometheus.NewDesc("renewd_messages_under_way", "Messages that are claimed and not yet written down.", nil, nil)
	capacityDesc   = prometheus.NewDesc("renewd_at_capacity", "1 while reminders are due and the rate or the connections hold them up.", nil, nil)
	transportDesc  = prometheus.NewDesc("renewd_transport_up", "0 while sending is paused, by what the pause is for.", []string{"reason"}, nil)
	lastPassDesc   = prometheus.NewDesc("renewd_last_pass_timestamp_seconds", "When the last pass ended well, in Unix time.", nil, nil)
	lastBackupDesc = prometheus.NewDesc("renewd_last_backup_timestamp_seconds", "When the last scheduled backup ended well, in Unix time; absent where none did.", nil, nil)
	lastPurgeDesc  = prometheus.NewDesc("renewd_last_purge_timestamp_seconds", "When the last purge ended well, in Unix time; absent where none did.", nil, nil)
	nextLookDesc   = prometheus.NewDesc("renewd_next_look_timestamp_seconds", "When the next customer is looked at, in Unix time.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c *standingCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{remindersDesc, tasksDesc, flyingDesc, capacityDesc, transportDesc, lastPassDesc, lastBackupDesc, lastPurgeDesc, nextLookDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *standingCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	s := c.s
	s.mu.Lock()
	report, busy, engine := s.report, s.busy, s.engine()
	backup, purge := s.done[backupChore].last, s.done[purgeChore].last
	s.mu.Unlock()
	for key, n := range report.overview.Open {
		gauge(remindersDesc, float64(n), string(key.State), string(key.Reason))
	}
	for kind, n := range report.overview.Tasks {
		gauge(tasksDesc, float64(n), string(kind))
	}
	under, _ := engine.flight.under()
	gauge(flyingDesc, float64(under))
	full := 0.0
	if !busy.IsZero() && engine.pulse.resting.Load() > 0 && under > 0 || report.overview.Count(renewal.Due) > 0 && report.overview.Pause == nil {
		full = 1
	}
	gauge(capacityDesc, full)
	up, reason := 1.0, ""
	if p := engine.paused(); p != nil {
		up, reason = 0, string(p.Reason)
	}
	gauge(transportDesc, up, reason)
	instant := func(d *prometheus.Desc, at time.Time) {
		if !at.IsZero() {
			gauge(d, float64(at.Unix()))
		}
	}
	instant(lastPassDesc, report.last)
	instant(lastBackupDesc, backup)
	instant(lastPurgeDesc, purge)
	instant(nextLookDesc, report.overview.NextLook)
}
