BEGIN TRANSACTION;
CREATE TABLE paths (
    seq        integer PRIMARY KEY AUTOINCREMENT, -- order of creation
    owner      text NOT NULL,
    id         text NOT NULL,
    request    text NOT NULL, -- the same for requests that ask for the same path
    title      text NOT NULL,
    topic      text NOT NULL,
    language   text NOT NULL,
    category   text NOT NULL,
    steps      integer NOT NULL,
    hours      integer NOT NULL,
    words      text NOT NULL, -- what is searched
    created_at integer NOT NULL,
    updated_at integer NOT NULL,
    path       blob NOT NULL
) STRICT;
INSERT INTO "paths" VALUES(1,'ann','p1','r','T','t','en','c',1,1,'t t',1795626883190492,1795626883190492,X'7B226964223A227031227D');
CREATE TABLE river_job (
    id integer PRIMARY KEY AUTOINCREMENT,
    args blob NOT NULL DEFAULT (jsonb('{}')),
    attempt integer NOT NULL DEFAULT 0,
    attempted_at timestamp,
    attempted_by blob, -- json
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    errors blob, -- json
    finalized_at timestamp,
    kind text NOT NULL,
    max_attempts integer NOT NULL DEFAULT 25,
    metadata blob NOT NULL DEFAULT (jsonb('{}')),
    priority integer NOT NULL DEFAULT 1,
    queue text NOT NULL DEFAULT 'default',
    state text NOT NULL DEFAULT 'available',
    scheduled_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    tags blob NOT NULL DEFAULT (jsonb('[]')),
    unique_key blob,
    unique_states integer,
    CONSTRAINT finalized_or_finalized_at_null CHECK (
        (finalized_at IS NULL AND state NOT IN ('cancelled', 'completed', 'discarded')) OR
        (finalized_at IS NOT NULL AND state IN ('cancelled', 'completed', 'discarded'))
    ),
    CONSTRAINT priority_in_range CHECK (priority >= 1 AND priority <= 4),
    CONSTRAINT queue_length CHECK (length(queue) > 0 AND length(queue) < 128),
    CONSTRAINT kind_length CHECK (length(kind) > 0 AND length(kind) < 128),
    CONSTRAINT state_valid CHECK (state IN ('available', 'cancelled', 'completed', 'discarded', 'pending', 'retryable', 'running', 'scheduled'))
);
INSERT INTO "river_job" VALUES(1,X'CC35477461736BC72439663865316566362D353861382D346536372D393431642D36633065393835366530656177617474656D70741331',1,'2026-11-25 17:14:42.686',X'CB26C72435653364653539342D393936662D343736652D393638362D313639623665616235623738','2026-11-25 17:14:42.684',NULL,NULL,'trilha_task',25,X'CC26C71272697665723A756E697175655F6E6F6E6365C71064326635333465373133366635353033',1,'5e3de594-996f-476e-9686-169b6eab5b78','running','2026-11-25 17:14:42.684',X'0B',NULL,NULL);
CREATE TABLE river_leader (
    elected_at timestamp NOT NULL,
    expires_at timestamp NOT NULL,
    leader_id text NOT NULL,
    name text PRIMARY KEY NOT NULL DEFAULT 'default' CHECK (name = 'default'),
    CONSTRAINT name_length CHECK (length(name) > 0 AND length(name) < 128),
    CONSTRAINT leader_id_length CHECK (length(leader_id) > 0 AND length(leader_id) < 128)
);
INSERT INTO "river_leader" VALUES('2026-11-25 17:14:42.682','2026-11-25 17:14:57.682','5e3de594-996f-476e-9686-169b6eab5b78','default');
CREATE TABLE river_migration (
    line text NOT NULL,
    version integer NOT NULL,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT line_length CHECK (length(line) > 0 AND length(line) < 128),
    CONSTRAINT version_gte_1 CHECK (version >= 1),
    PRIMARY KEY (line, version)
);
INSERT INTO "river_migration" VALUES('main',1,'2026-11-25 17:14:42');
INSERT INTO "river_migration" VALUES('main',2,'2026-11-25 17:14:42');
INSERT INTO "river_migration" VALUES('main',3,'2026-11-25 17:14:42');
INSERT INTO "river_migration" VALUES('main',4,'2026-11-25 17:14:42');
INSERT INTO "river_migration" VALUES('main',5,'2026-11-25 17:14:42');
INSERT INTO "river_migration" VALUES('main',6,'2026-11-25 17:14:42');
INSERT INTO "river_migration" VALUES('main',7,'2026-11-25 17:14:42');
INSERT INTO "river_migration" VALUES('main',8,'2026-11-25 17:14:42');
CREATE TABLE river_notification (
    id integer PRIMARY KEY AUTOINCREMENT,
    created_at timestamp NOT NULL DEFAULT (datetime('now', 'subsec')),
    payload text NOT NULL,
    topic text NOT NULL,
    CONSTRAINT topic_length CHECK (length(topic) > 0 AND length(topic) < 128)
);
CREATE TABLE river_queue (
    name text PRIMARY KEY NOT NULL,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    metadata blob NOT NULL DEFAULT (jsonb('{}')),
    paused_at timestamp,
    updated_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO "river_queue" VALUES('5e3de594-996f-476e-9686-169b6eab5b78','2026-11-25 17:14:42.682',X'0C',NULL,'2026-11-25 17:14:42.682');
CREATE TABLE task_runs (
    task    text NOT NULL,
    attempt integer NOT NULL,
    owner   text NOT NULL,
    holder  text NOT NULL, -- the instance that runs it
    job     integer NOT NULL, -- River's
    PRIMARY KEY (task, attempt)
) STRICT;
INSERT INTO "task_runs" VALUES('9f8e1ef6-58a8-4e67-941d-6c0e9856e0ea',1,'ann','5e3de594-996f-476e-9686-169b6eab5b78',1);
CREATE TABLE task_schema (version integer NOT NULL, needs integer NOT NULL);
INSERT INTO "task_schema" VALUES(3,1);
CREATE TABLE task_steps (
    task   text NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    name   text NOT NULL,
    output blob,
    PRIMARY KEY (task, name)
) STRICT;
INSERT INTO "task_steps" VALUES('9f8e1ef6-58a8-4e67-941d-6c0e9856e0ea','first',X'7B2273746570223A317D');
CREATE TABLE task_store (
    tasks   integer NOT NULL, -- kept
    bytes   integer NOT NULL, -- of results kept
    waiting integer NOT NULL, -- tasks, of all owners
    turn    integer NOT NULL, -- of the owner served last
    served  text NOT NULL,   -- that owner
    swept   integer NOT NULL  -- when it was last cleaned
) STRICT;
INSERT INTO "task_store" VALUES(3,7,1,2,'ann',0);
CREATE TABLE task_waiting (
    owner   text PRIMARY KEY NOT NULL,
    turn    integer NOT NULL,
    waiting integer NOT NULL,
    running integer NOT NULL -- of theirs, everywhere
) STRICT;
INSERT INTO "task_waiting" VALUES('ann',2,1,1);
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
INSERT INTO "tasks" VALUES(1,'57280aa5-13a1-425a-ab80-3a3178e246c4','ann','work','done','',NULL,'k',NULL,'completed',100,X'7B2261223A317D','','',1795626882683304,1795626882683304,1795626882683304,4949226882683304,1795626942683304,0,0,1);
INSERT INTO "tasks" VALUES(2,'9f8e1ef6-58a8-4e67-941d-6c0e9856e0ea','ann','work','interrupted','',NULL,NULL,NULL,'running',40,NULL,'','[{"at":1795626882687356,"text":"so far"}]',1795626882684363,1795626882687356,NULL,NULL,1795626942684363,1,0,3);
INSERT INTO "tasks" VALUES(3,'c0ca2453-1391-46c3-b4f4-ae6e41cb8bd9','ann','work','waits','low',NULL,NULL,'u','pending',0,NULL,'','',1795626883190054,1795626883190054,NULL,NULL,1795627003190054,0,0,1);
CREATE INDEX river_notification_created_at_idx ON river_notification (created_at);
CREATE INDEX river_notification_topic_id_idx ON river_notification (topic, id);
CREATE INDEX river_job_kind ON river_job (kind);
CREATE INDEX river_job_state_and_finalized_at_index ON river_job (state, finalized_at) WHERE finalized_at IS NOT NULL;
CREATE INDEX river_job_prioritized_fetching_index ON river_job (state, queue, priority, scheduled_at, id);
CREATE UNIQUE INDEX river_job_unique_idx ON river_job (unique_key)
    WHERE unique_key IS NOT NULL
        AND unique_states IS NOT NULL
        AND CASE state
            WHEN 'available' THEN unique_states & (1 << 0)
            WHEN 'cancelled' THEN unique_states & (1 << 1)
            WHEN 'completed' THEN unique_states & (1 << 2)
            WHEN 'discarded' THEN unique_states & (1 << 3)
            WHEN 'pending'   THEN unique_states & (1 << 4)
            WHEN 'retryable' THEN unique_states & (1 << 5)
            WHEN 'running'   THEN unique_states & (1 << 6)
            WHEN 'scheduled' THEN unique_states & (1 << 7)
            ELSE 0
        END >= 1;
CREATE UNIQUE INDEX tasks_idempotency_key ON tasks (owner, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE UNIQUE INDEX tasks_unique_key ON tasks (owner, unique_key) WHERE unique_key IS NOT NULL;
CREATE INDEX tasks_owner ON tasks (owner, seq, expires_at);
CREATE INDEX tasks_owner_status ON tasks (owner, status, seq, expires_at);
CREATE INDEX tasks_waiting ON tasks (owner, due, seq) WHERE status = 'pending';
CREATE INDEX tasks_ended ON tasks (expires_at, seq) WHERE expires_at IS NOT NULL;
CREATE INDEX task_runs_owner ON task_runs (owner);
CREATE INDEX task_runs_holder ON task_runs (holder);
CREATE INDEX task_waiting_turn ON task_waiting (running, turn);
CREATE UNIQUE INDEX paths_id ON paths (owner, id);
CREATE INDEX paths_request ON paths (owner, request, updated_at);
CREATE INDEX paths_owner ON paths (owner, seq);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('river_job',1);
INSERT INTO "sqlite_sequence" VALUES('tasks',3);
INSERT INTO "sqlite_sequence" VALUES('paths',1);
-- What a task asks of its owner. While it waits for the answer its status here is
-- 'asking', which programs that do not know this schema never start.
ALTER TABLE tasks ADD COLUMN question blob; -- JSON, with what was replied; null once it has ended
ALTER TABLE tasks ADD COLUMN answer_by integer; -- when it fails for want of an answer

CREATE INDEX tasks_asking ON tasks (answer_by, seq) WHERE status = 'asking';
UPDATE task_schema SET version = 4;
-- How many tasks of an owner may run at once, where it is not as many as of anyone:
-- as its newest task says, and as it is counted while something of theirs waits.
ALTER TABLE tasks ADD COLUMN own_running integer;
ALTER TABLE task_waiting ADD COLUMN most integer;
UPDATE task_schema SET version = 5;
COMMIT;
