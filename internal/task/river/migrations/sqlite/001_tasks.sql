-- Times are microseconds since 1970: datetime(created_at / 1e6, 'unixepoch') shows one.

CREATE TABLE tasks (
    seq             integer PRIMARY KEY AUTOINCREMENT, -- order of creation
    id              text NOT NULL UNIQUE,
    owner           text NOT NULL,
    kind            text NOT NULL,
    description     text NOT NULL,
    priority        text NOT NULL,
    input           blob,
    idempotency_key text,
    unique_key      text, -- null once the task has ended
    status          text NOT NULL,
    progress        integer NOT NULL DEFAULT 0,
    result          blob,
    error           text NOT NULL DEFAULT '',
    messages        text NOT NULL DEFAULT '', -- JSON; empty: none
    created_at      integer NOT NULL,
    updated_at      integer NOT NULL,
    completed_at    integer,
    expires_at      integer,
    due             integer NOT NULL, -- when it would be its turn within its owner
    attempt         integer NOT NULL DEFAULT 0, -- how often it was started
    losses          integer NOT NULL DEFAULT 0, -- workers lost since the last finished step
    revision        integer NOT NULL DEFAULT 1
) STRICT;

CREATE UNIQUE INDEX tasks_idempotency_key ON tasks (owner, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE UNIQUE INDEX tasks_unique_key ON tasks (owner, unique_key) WHERE unique_key IS NOT NULL;
CREATE INDEX tasks_owner ON tasks (owner, seq, expires_at);
CREATE INDEX tasks_owner_status ON tasks (owner, status, seq, expires_at);
CREATE INDEX tasks_waiting ON tasks (owner, due, seq) WHERE status = 'pending';
CREATE INDEX tasks_ended ON tasks (expires_at, seq) WHERE expires_at IS NOT NULL;

-- Works that have not returned, of cancelled and of forgotten tasks too.
CREATE TABLE task_runs (
    task    text NOT NULL,
    attempt integer NOT NULL,
    owner   text NOT NULL,
    holder  text NOT NULL, -- the instance that runs it
    job     integer NOT NULL, -- River's
    PRIMARY KEY (task, attempt)
) STRICT;

CREATE INDEX task_runs_owner ON task_runs (owner);
CREATE INDEX task_runs_holder ON task_runs (holder);

-- Owners of whom something waits, and since when they wait for their turn.
CREATE TABLE task_waiting (
    owner   text PRIMARY KEY NOT NULL,
    turn    integer NOT NULL,
    waiting integer NOT NULL,
    running integer NOT NULL -- of theirs, everywhere
) STRICT;

CREATE INDEX task_waiting_turn ON task_waiting (running, turn);

-- What is counted rather than looked for. One row.
CREATE TABLE task_store (
    tasks   integer NOT NULL, -- kept
    bytes   integer NOT NULL, -- of results kept
    waiting integer NOT NULL, -- tasks, of all owners
    turn    integer NOT NULL, -- of the owner served last
    served  text NOT NULL,   -- that owner
    swept   integer NOT NULL  -- when it was last cleaned
) STRICT;

INSERT INTO task_store VALUES (0, 0, 0, 0, '', 0);
