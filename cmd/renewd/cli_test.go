package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain gives the scripts two programs: renewd, and spy, which takes the
// same command lines and prints what it was asked to do instead of doing it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"renewd": main,
		"spy": func() {
			os.Exit(execute(context.Background(), spyApp(), os.Args[1:], os.Stdout, os.Stderr))
		},
	})
}

// TestScripts plays every script of testdata/script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                scriptCommands(),
		Condition:           scriptCondition,
		Setup: func(env *testscript.Env) error {
			env.Setenv("RENEWD_CONFIG", "")
			env.Setenv("STATE_DIRECTORY", "")
			// Under the race detector every program would wait a second at its end.
			env.Setenv("GORACE", "atexit_sleep_ms=0")
			return fillDates(env)
		},
	})
}

// spyApp prints each command's name and options as one JSON object.
func spyApp() App {
	return App{
		Demo:     spy[DemoOptions]("demo"),
		Serve:    func(ctx context.Context, s *Session) error { return spy[any]("serve")(ctx, s, nil) },
		SendTest: spy[SendTestOptions]("send-test"),
		Run:      spy[RunOptions]("run"),
		Import:   spy[ImportOptions]("import"),
		Record:   spy[RecordOptions]("record"),
		Forecast: spy[ForecastOptions]("forecast"),
		Explain:  spy[string]("explain"),
		Preview:  spy[PreviewOptions]("preview"),
		Release:  spy[string]("release"),
		Tasks:    func(ctx context.Context, s *Session) error { return spy[any]("tasks")(ctx, s, nil) },
		TaskDone: spyTaskDone,
		Adopt: func(_ context.Context, s *Session) error {
			c, err := s.Config()
			if err != nil {
				return err
			}
			return s.Out.Object(c.Database)
		},
		Retry:   spy[[]int64]("retry"),
		Audit:   func(context.Context, *Session, AuditOptions) error { return needsPerson("2 notices are missing") },
		Backup:  spy[string]("backup"),
		Migrate: func(context.Context, *Session) error { return errors.New("the disk is full") },
		Checks: []func(context.Context, *Config) []Problem{func(_ context.Context, c *Config) []Problem {
			if c.Business.Name != "Faulty" {
				return nil
			}
			return []Problem{{File: "letter.fr.md", Line: 3, Column: 1, Level: LevelError, Text: "it does not render"}}
		}},
		CopyTemplate: func(name, dir string) ([]string, error) {
			if name != "win-back" {
				return nil, usageError("%q is no built-in letter", name)
			}
			return []string{filepath.Join(dir, name+".en.md")}, nil
		},
		TemplateNames: func(dir string) []string {
			return []string{"pass-renewal", "auto-renewal-notice", "renewal-confirmation", "win-back", filepath.Base(dir)}
		},
	}
}

func spy[T any](name string) func(context.Context, *Session, T) error {
	return func(_ context.Context, s *Session, o T) error {
		return s.Out.Object(map[string]any{"command": name, "options": o, "json": s.Out.JSON()})
	}
}

// spyTaskDone knows task 12 only; 78 is what the daemon will answer with.
func spyTaskDone(ctx context.Context, s *Session, id int64) error {
	if id == 78 {
		return cannotServe("task %d cannot be", id)
	}
	return spy[int64]("tasks done")(ctx, s, id)
}
