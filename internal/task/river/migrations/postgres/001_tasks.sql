-- Times are microseconds since 1970: to_timestamp(created_at / 1e6) shows one.

CREATE TABLE tasks (
    seq             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- order of creation
    id              text NOT NULL UNIQUE,
    owner           text NOT NULL,
    kind            text NOT NULL,
    description     text NOT NULL,
    priority        text NOT NULL,
    input           bytea,
    idempotency_key text,
    unique_key      text, -- null once the task has ended
    status          text NOT NULL,
    progress        integer NOT NULL DEFAULT 0,
    result          bytea,
    error           text NOT NULL DEFAULT '',
    messages        text NOT NULL DEFAULT '', -- JSON; empty: none
    created_at      bigint NOT NULL,
    updated_at      bigint NOT NULL,
    completed_at    bigint,
    expires_at      bigint,
    due             bigint NOT NULL, -- when it would be its turn within its owner
    attempt         integer NOT NULL DEFAULT 0, -- how often it was started
    losses          integer NOT NULL DEFAULT 0, -- workers lost since the last finished step
    revision        bigint NOT NULL DEFAULT 1
);

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
    job     bigint NOT NULL, -- River's
    PRIMARY KEY (task, attempt)
);

CREATE INDEX task_runs_owner ON task_runs (owner);
CREATE INDEX task_runs_holder ON task_runs (holder);

-- Owners of whom something waits, and since when they wait for their turn.
CREATE TABLE task_waiting (
    owner   text PRIMARY KEY,
    turn    bigint NOT NULL,
    waiting bigint NOT NULL,
    running bigint NOT NULL -- of theirs, everywhere
);

CREATE INDEX task_waiting_turn ON task_waiting (running, turn);

-- What is counted rather than looked for. One row.
CREATE TABLE task_store (
    tasks   bigint NOT NULL, -- kept
    bytes   bigint NOT NULL, -- of results kept
    waiting bigint NOT NULL, -- tasks, of all owners
    turn    bigint NOT NULL, -- of the owner served last
    served  text NOT NULL,   -- that owner
    swept   bigint NOT NULL  -- when it was last cleaned
);

INSERT INTO task_store VALUES (0, 0, 0, 0, '', 0);

-- Processes that take part. One whose lease has run out is taken for dead.
CREATE TABLE task_instances (
    id          text PRIMARY KEY,
    started     timestamptz NOT NULL DEFAULT now(),
    leased_till timestamptz NOT NULL
);
