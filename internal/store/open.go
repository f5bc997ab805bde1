package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
	_ "modernc.org/sqlite" // the driver "sqlite": SQLite translated to Go, no C needed
)

// Options say how a database is opened.
type Options struct {
	// ReadOnly opens a database that is up to date without ever writing to it,
	// also beside a running daemon.
	ReadOnly bool
	// Now names the backup that is made before an upgrade of the schema.
	Now time.Time
	// BackupDir is where that backup goes; empty means beside the database.
	BackupDir string
	// BusyTimeout is how long a transaction waits for another process that writes;
	// 0 means a minute: an import of a million rows takes that long.
	BusyTimeout time.Duration
	// Lean keeps little of the file in memory, for a process that stays.
	Lean bool
	// Hasty commits survive a crash of the process, but no loss of power: for
	// measuring what the difference costs, and nothing else.
	Hasty bool
	// Zone is the business's time zone, which reads dates without a time for
	// customers without a zone; nil means UTC.
	Zone *time.Location
}

// The number of connections that read at the same time, and the memory SQLite
// may use for pages, in KiB, for the writer and for each reader.
const (
	readers         = 4
	writerCache     = 32768
	readerCache     = 8192
	leanCache       = 4096
	busyTimeout     = time.Minute
	journalKeptSize = 64 << 20
)

// synchronous is SQLite's setting of that name.
func (o *Options) synchronous() string {
	if o.Hasty {
		return "NORMAL"
	}
	return "FULL"
}

// cache is how much of the file a connection keeps in memory, in KiB.
func (o *Options) cache(usual int) int {
	if o.Lean {
		return leanCache
	}
	return usual
}

// DB is an open database. Its methods may be called from several goroutines.
type DB struct {
	path    string
	writers *sessions // one; nil where the database is open for reading only
	readers *sessions
	zone    atomic.Pointer[time.Location]
	zones   zoneCache
}

// Open opens the database at path, for writing unless opts say otherwise. It
// creates the file where there is none and brings an older schema up to date,
// after a backup. Errors are sentences for the administrator.
func Open(ctx context.Context, path string, opts Options) (*DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("the path of the database: %w", err)
	}
	if opts.ReadOnly {
		err = needsNoMigration(ctx, path)
	} else {
		_, _, _, err = Migrate(ctx, path, opts)
	}
	if err != nil {
		return nil, err
	}
	db := &DB{path: path}
	db.SetZone(opts.Zone)
	if !opts.ReadOnly {
		// SQLite would open it all the same, and fail at the first write.
		if err := unix.Access(path, unix.W_OK); err != nil {
			return nil, &fault{sentence: fmt.Sprintf("%s: %v", cannotWrite(path), err), cause: err}
		}
		pool, err := openPool(ctx, writerDSN(path, opts), 1, writerWants(opts))
		if err != nil {
			return nil, inWords(err, path)
		}
		db.writers = newSessions(pool, 1, "BEGIN IMMEDIATE")
	}
	pool, err := openPool(ctx, readerDSN(path, opts), readers, readerWants(opts.BusyTimeout))
	if err != nil {
		return nil, errors.Join(inWords(err, path), db.Close())
	}
	db.readers = newSessions(pool, readers, "BEGIN")
	return db, nil
}

// Path returns the absolute path of the database file.
func (db *DB) Path() string { return db.path }

// Zone returns the business's time zone.
func (db *DB) Zone() *time.Location { return db.zone.Load() }

// SetZone changes the business's time zone, when the configuration was read
// again; nil means UTC.
func (db *DB) SetZone(zone *time.Location) {
	if zone == nil {
		zone = time.UTC
	}
	db.zone.Store(zone)
}

// Close closes every connection. The writer goes last: it then empties the
// write-ahead log into the file.
func (db *DB) Close() error {
	var errs []error
	for _, pool := range []*sessions{db.readers, db.writers} {
		if pool != nil {
			errs = append(errs, pool.close())
		}
	}
	return errors.Join(errs...)
}

// writerDSN puts every option of a writing connection into the name by which it
// is opened, since a pool opens connections when it likes.
func writerDSN(path string, opts Options) string {
	q := commonOptions(opts.cache(writerCache), opts.BusyTimeout)
	q.Set("_journal_mode", "WAL")
	q.Set("_synchronous", opts.synchronous())
	q.Set("_txlock", "immediate") // a transaction that reads first could not write after another's commit
	q.Add("_pragma", fmt.Sprintf("journal_size_limit(%d)", journalKeptSize))
	return fileURL(path, q)
}

func readerDSN(path string, opts Options) string {
	q := commonOptions(opts.cache(readerCache), opts.BusyTimeout)
	q.Set("mode", "ro") // not _query_only, which forbids VACUUM INTO
	return fileURL(path, q)
}

func commonOptions(cacheKiB int, busy time.Duration) url.Values {
	return url.Values{
		"_busy_timeout": {busyMilliseconds(busy)},
		"_foreign_keys": {"1"},
		"_dqs":          {"0"}, // "typo" is a mistake and not a text
		"_error_rc":     {"1"},
		"_pragma":       {fmt.Sprintf("cache_size(-%d)", cacheKiB)},
	}
}

// fileURL escapes the path: a ? or # in it would end the name, and without
// file: in front SQLite would not heed mode=ro.
func fileURL(path string, q url.Values) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// busyMilliseconds is how long to wait for others, as SQLite wants it.
func busyMilliseconds(busy time.Duration) string {
	return fmt.Sprint(cmp.Or(busy, busyTimeout).Milliseconds())
}

func writerWants(opts Options) map[string]string {
	wants := readerWants(opts.BusyTimeout)
	wants["journal_mode"] = "wal"
	wants["synchronous"] = map[string]string{"FULL": "2", "NORMAL": "1"}[opts.synchronous()]
	return wants
}

func readerWants(busy time.Duration) map[string]string {
	return map[string]string{"foreign_keys": "1", "busy_timeout": busyMilliseconds(busy)}
}

// openPool opens a pool and reads back what was asked for: the driver passes
// over options that it does not know, and some file systems refuse WAL.
func openPool(ctx context.Context, dsn string, size int, wants map[string]string) (_ *sql.DB, err error) {
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, pool.Close())
		}
	}()
	pool.SetMaxOpenConns(size + 1) // one more than the sessions keep, for what is done without one
	pool.SetMaxIdleConns(size + 1)
	for pragma, want := range wants {
		var got string
		if err := pool.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got); err != nil {
			return nil, err
		}
		if got != want {
			return nil, fmt.Errorf("SQLite's setting %s is %s here and has to be %s (is the file on a network file system?)", pragma, got, want)
		}
	}
	var text string
	if err := pool.QueryRowContext(ctx, `SELECT "no such column"`).Scan(&text); err == nil {
		return nil, errors.New("SQLite takes names in double quotes for texts, which has to be off")
	}
	return pool, nil
}

// zoneCache keeps the zones that customers name: reading one from the zone
// database costs more than reading the customer.
type zoneCache struct {
	mu    sync.Mutex
	known map[string]*time.Location
}

// load returns the zone of an IANA name. "Local" is the machine's zone and
// nobody's name for a place.
func (z *zoneCache) load(name string) (*time.Location, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if loc, ok := z.known[name]; ok {
		return loc, nil
	}
	if name == "Local" {
		return nil, errors.New("unknown time zone Local")
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, err
	}
	if z.known == nil {
		z.known = map[string]*time.Location{}
	}
	z.known[name] = loc
	return loc, nil
}
