package daemon

import (
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// Standing returns how things stand as a scrape would find them: the values by
// the name of the series and its labels.
func (s *Server) Standing() (map[string]string, error) {
	registry := prometheus.NewRegistry()
	if err := registry.Register(&standingCollector{s}); err != nil {
		return nil, err
	}
	families, err := registry.Gather()
	found := map[string]string{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			var labels []string
			for _, label := range metric.GetLabel() {
				labels = append(labels, label.GetName()+"="+label.GetValue())
			}
			name := strings.TrimSpace(family.GetName() + " " + strings.Join(labels, " "))
			found[name] = strconv.FormatFloat(metric.GetGauge().GetValue(), 'f', -1, 64)
		}
	}
	return found, err
}
