// Command renewd writes to a small business's customers before a contract, pass
// or subscription ends.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // for machines without zone data
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, newApp(), os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// newApp connects the commands with what they do.
func newApp() App {
	return App{
		Demo: doDemo, Serve: doServe, Run: doRun, Import: doImport, Record: doRecord, Forecast: doForecast, Explain: doExplain,
		Preview: doPreview, SendTest: doSendTest, Release: doRelease, Tasks: doTasks, TaskDone: doTaskDone, Adopt: doAdopt, Retry: doRetry, Audit: doAudit,
		Backup: doBackup, Migrate: doMigrate,
		Checks: []func(context.Context, *Config) []Problem{checkExample, checkLetters, checkPages, checkEventLetters, checkDatabase,
			checkDuties, checkSigning},
		Online:        lookOnline,
		CopyTemplate:  copyTemplate,
		TemplateNames: templateNames,
	}
}
