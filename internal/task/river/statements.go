package river

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"sync"
)

// statements keeps the SQL of a database/sql pool prepared: SQLite takes longer to
// read most of ours than to carry it out. Texts are few: none has a value in it.
type statements struct {
	db *sql.DB

	mu       sync.Mutex
	prepared map[string]*sql.Stmt
	wanted   map[string]bool // met inside a transaction, where nothing can be prepared for longer
}

func newStatements(db *sql.DB) *statements {
	return &statements{db: db, prepared: make(map[string]*sql.Stmt), wanted: make(map[string]bool)}
}

// get gives the statement of a query, or nil where there is none yet.
func (p *statements) get(query string) *sql.Stmt {
	p.mu.Lock()
	defer p.mu.Unlock()
	st := p.prepared[query]
	if st == nil {
		p.wanted[query] = true
	}
	return st
}

// prepareWanted prepares what get had not. No transaction of the caller's may be on:
// in a pool of one connection it would wait for itself.
func (p *statements) prepareWanted(ctx context.Context) {
	p.mu.Lock()
	wanted := slices.Collect(maps.Keys(p.wanted))
	clear(p.wanted)
	p.mu.Unlock()
	for _, query := range wanted { // not under mu: a transaction that is on wants that
		st, err := p.db.PrepareContext(ctx, query)
		if err == nil {
			p.put(query, st)
		}
	}
}

func (p *statements) put(query string, st *sql.Stmt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.prepared[query] != nil { // another was faster
		st.Close()
		return
	}
	p.prepared[query] = st
}

func (p *statements) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, st := range p.prepared {
		st.Close()
	}
	clear(p.prepared)
}

// within makes the statements those of a transaction.
func (p *statements) within(t *sql.Tx) sqlQuerier {
	return sqlQuerier{q: t, prepared: func(ctx context.Context, query string) *sql.Stmt {
		st := p.get(query)
		if st == nil {
			return nil
		}
		return t.StmtContext(ctx, st)
	}}
}

// outside is for what needs no transaction.
func (p *statements) outside() sqlQuerier {
	return sqlQuerier{q: p.db, prepared: func(ctx context.Context, query string) *sql.Stmt {
		st := p.get(query)
		if st == nil {
			p.prepareWanted(ctx)
			st = p.get(query)
		}
		return st
	}}
}
