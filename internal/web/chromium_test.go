package web

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// tab is one page of a headless Chromium, driven over its pipe by the DevTools
// protocol: a browser window is never as narrow as a telephone, this page can be.
type tab struct {
	t       *testing.T
	out     io.Writer
	in      *bufio.Reader
	session string
	last    int
	// loads counts the pages that were loaded to their end.
	loads int
	// complaints are what the browser had to say of the pages.
	complaints []string
}

// openTab starts Chromium, or skips the test where there is none.
func openTab(t *testing.T) *tab {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is not installed, and with CI=true it has to be")
		}
		t.Skip("chromium is not installed: the pages were not looked at in a browser")
	}
	// It is closed at the end and not killed: its helpers would go on writing.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
	theirIn, ourOut := pipe(t)
	ourIn, theirOut := pipe(t)
	cmd := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe",
		"--no-first-run", "--disable-background-networking", "--user-data-dir="+filepath.Join(t.TempDir(), "profile"), "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut} // its descriptors 3 and 4
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	_ = theirIn.Close()
	_ = theirOut.Close()
	b := &tab{t: t, out: ourOut, in: bufio.NewReader(ourIn)}
	t.Cleanup(func() {
		defer cancel()
		_, _ = io.WriteString(b.out, `{"id":0,"method":"Browser.close"}`+"\x00")
		_, _ = io.Copy(io.Discard, b.in) // until it has gone
		_ = cmd.Wait()                   // how it ends is its own affair
	})
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.call(domain+".enable", nil, nil)
	}
	return b
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	return r, w
}

// message is what the browser sends: an answer or an event.
type message struct {
	ID     int
	Method string
	Params struct {
		Entry struct{ Level, Text string }
	}
	Result json.RawMessage
	Error  *struct{ Message string }
}

// call asks the browser for something and reads the answer into result.
func (b *tab) call(method string, params map[string]any, result any) {
	b.t.Helper()
	b.last++
	request := map[string]any{"id": b.last, "method": method}
	if params != nil {
		request["params"] = params
	}
	if b.session != "" {
		request["sessionId"] = b.session
	}
	raw, err := json.Marshal(request)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.out.Write(append(raw, 0)); err != nil {
		b.t.Fatal(err)
	}
	for {
		m := b.read()
		if m.ID != b.last {
			continue
		}
		if m.Error != nil {
			b.t.Fatalf("%s: %s", method, m.Error.Message)
		}
		if result == nil {
			return
		}
		if err := json.Unmarshal(m.Result, result); err != nil {
			b.t.Fatal(err)
		}
		return
	}
}

// read waits for the next message and notes what it tells.
func (b *tab) read() message {
	b.t.Helper()
	raw, err := b.in.ReadBytes(0)
	if err != nil {
		b.t.Fatalf("the browser is gone: %v", err)
	}
	var m message
	if err := json.Unmarshal(raw[:len(raw)-1], &m); err != nil {
		b.t.Fatal(err)
	}
	switch m.Method {
	case "Page.loadEventFired":
		b.loads++
	case "Log.entryAdded":
		b.complaints = append(b.complaints, m.Params.Entry.Level+": "+m.Params.Entry.Text)
	case "Page.javascriptDialogOpening", "Runtime.exceptionThrown":
		b.complaints = append(b.complaints, m.Method)
	}
	return m
}

// load does something that leads to another page and waits for that.
func (b *tab) load(method string, params map[string]any) {
	b.t.Helper()
	before := b.loads
	b.call(method, params, nil)
	for b.loads == before {
		b.read()
	}
}

// eval returns what a JavaScript expression is, as JSON.
func (b *tab) eval(expression string, result any) {
	b.t.Helper()
	var out struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &out)
	if out.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", expression, out.ExceptionDetails)
	}
	if err := json.Unmarshal(out.Result.Value, result); err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
}

// show sets how wide the window is and whether it is dark.
func (b *tab) show(width int, scheme string) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// picture writes what is seen to a file.
func (b *tab) picture(file string) {
	b.t.Helper()
	var shot struct{ Data []byte }
	b.call("Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
	if err := os.WriteFile(file, shot.Data, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
