SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE TYPE public.river_job_state AS ENUM (
    'available',
    'cancelled',
    'completed',
    'discarded',
    'pending',
    'retryable',
    'running',
    'scheduled'
);
CREATE FUNCTION public.river_job_state_in_bitmask(bitmask bit, state public.river_job_state) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE state
        WHEN 'available' THEN get_bit(bitmask, 7)
        WHEN 'cancelled' THEN get_bit(bitmask, 6)
        WHEN 'completed' THEN get_bit(bitmask, 5)
        WHEN 'discarded' THEN get_bit(bitmask, 4)
        WHEN 'pending'   THEN get_bit(bitmask, 3)
        WHEN 'retryable' THEN get_bit(bitmask, 2)
        WHEN 'running'   THEN get_bit(bitmask, 1)
        WHEN 'scheduled' THEN get_bit(bitmask, 0)
        ELSE 0
    END = 1;
$$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.paths (
    seq bigint NOT NULL,
    owner text NOT NULL,
    id text NOT NULL,
    request text NOT NULL,
    title text NOT NULL,
    topic text NOT NULL,
    language text NOT NULL,
    category text NOT NULL,
    steps integer NOT NULL,
    hours integer NOT NULL,
    words text NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    path bytea NOT NULL
);
ALTER TABLE public.paths ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.paths_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.river_job (
    id bigint NOT NULL,
    state public.river_job_state DEFAULT 'available'::public.river_job_state NOT NULL,
    attempt smallint DEFAULT 0 NOT NULL,
    max_attempts smallint DEFAULT 25 NOT NULL,
    attempted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finalized_at timestamp with time zone,
    scheduled_at timestamp with time zone DEFAULT now() NOT NULL,
    priority smallint DEFAULT 1 NOT NULL,
    args jsonb NOT NULL,
    attempted_by text[],
    errors jsonb[],
    kind text NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    queue text DEFAULT 'default'::text NOT NULL,
    tags character varying(255)[] DEFAULT '{}'::character varying[] NOT NULL,
    unique_key bytea,
    unique_states bit(8),
    CONSTRAINT finalized_or_finalized_at_null CHECK ((((finalized_at IS NULL) AND (state <> ALL (ARRAY['cancelled'::public.river_job_state, 'completed'::public.river_job_state, 'discarded'::public.river_job_state]))) OR ((finalized_at IS NOT NULL) AND (state = ANY (ARRAY['cancelled'::public.river_job_state, 'completed'::public.river_job_state, 'discarded'::public.river_job_state]))))),
    CONSTRAINT kind_length CHECK (((char_length(kind) > 0) AND (char_length(kind) < 128))),
    CONSTRAINT max_attempts_is_positive CHECK ((max_attempts > 0)),
    CONSTRAINT priority_in_range CHECK (((priority >= 1) AND (priority <= 4))),
    CONSTRAINT queue_length CHECK (((char_length(queue) > 0) AND (char_length(queue) < 128)))
);
CREATE SEQUENCE public.river_job_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.river_job_id_seq OWNED BY public.river_job.id;
CREATE UNLOGGED TABLE public.river_leader (
    elected_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    leader_id text NOT NULL,
    name text DEFAULT 'default'::text NOT NULL,
    CONSTRAINT leader_id_length CHECK (((char_length(leader_id) > 0) AND (char_length(leader_id) < 128))),
    CONSTRAINT name_length CHECK ((name = 'default'::text))
);
CREATE TABLE public.river_migration (
    line text NOT NULL,
    version bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT line_length CHECK (((char_length(line) > 0) AND (char_length(line) < 128))),
    CONSTRAINT version_gte_1 CHECK ((version >= 1))
);
CREATE TABLE public.river_notification (
    id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    payload text NOT NULL,
    topic text NOT NULL,
    CONSTRAINT topic_length CHECK (((length(topic) > 0) AND (length(topic) < 128)))
);
CREATE SEQUENCE public.river_notification_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.river_notification_id_seq OWNED BY public.river_notification.id;
CREATE TABLE public.river_queue (
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    paused_at timestamp with time zone,
    updated_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
CREATE TABLE public.task_instances (
    id text NOT NULL,
    started timestamp with time zone DEFAULT now() NOT NULL,
    leased_till timestamp with time zone NOT NULL
);
CREATE TABLE public.task_runs (
    task text NOT NULL,
    attempt integer NOT NULL,
    owner text NOT NULL,
    holder text NOT NULL,
    job bigint NOT NULL
);
CREATE TABLE public.task_schema (
    version integer NOT NULL,
    needs integer NOT NULL
);
CREATE TABLE public.task_steps (
    task text NOT NULL,
    name text NOT NULL,
    output bytea
);
CREATE TABLE public.task_store (
    tasks bigint NOT NULL,
    bytes bigint NOT NULL,
    waiting bigint NOT NULL,
    turn bigint NOT NULL,
    served text NOT NULL,
    swept bigint NOT NULL
);
CREATE TABLE public.task_waiting (
    owner text NOT NULL,
    turn bigint NOT NULL,
    waiting bigint NOT NULL,
    running bigint NOT NULL
);
CREATE TABLE public.tasks (
    seq bigint NOT NULL,
    id text NOT NULL,
    owner text NOT NULL,
    kind text NOT NULL,
    description text NOT NULL,
    priority text NOT NULL,
    input bytea,
    idempotency_key text,
    unique_key text,
    status text NOT NULL,
    progress integer DEFAULT 0 NOT NULL,
    result bytea,
    error text DEFAULT ''::text NOT NULL,
    messages text DEFAULT ''::text NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    completed_at bigint,
    expires_at bigint,
    due bigint NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    losses integer DEFAULT 0 NOT NULL,
    revision bigint DEFAULT 1 NOT NULL
);
ALTER TABLE public.tasks ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.tasks_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE ONLY public.river_job ALTER COLUMN id SET DEFAULT nextval('public.river_job_id_seq'::regclass);
ALTER TABLE ONLY public.river_notification ALTER COLUMN id SET DEFAULT nextval('public.river_notification_id_seq'::regclass);
INSERT INTO public.paths OVERRIDING SYSTEM VALUE VALUES (1, 'ann', 'p1', 'r', 'T', 't', 'en', 'c', 1, 1, 't t', 1795626884173265, 1795626884173265, '\x7b226964223a227031227d');
INSERT INTO public.river_job VALUES (1, 'running', 1, 25, '2026-11-25 17:14:43.660913+00', '2026-11-25 17:14:43.648872+00', NULL, '2026-11-25 17:14:43.648872+00', 1, '{"task": "c7d92134-0e95-41ae-b132-69ae00c4af02", "attempt": 1}', '{785c6577-5960-4c36-9042-2d10681f57e0}', NULL, 'trilha_task', '{}', '785c6577-5960-4c36-9042-2d10681f57e0', '{}', NULL, NULL);
INSERT INTO public.river_leader VALUES ('2026-11-25 17:14:43.627097+00', '2026-11-25 17:14:58.627097+00', '785c6577-5960-4c36-9042-2d10681f57e0', 'default');
INSERT INTO public.river_migration VALUES ('main', 1, '2026-11-25 17:14:43.219352+00');
INSERT INTO public.river_migration VALUES ('main', 2, '2026-11-25 17:14:43.246135+00');
INSERT INTO public.river_migration VALUES ('main', 3, '2026-11-25 17:14:43.298083+00');
INSERT INTO public.river_migration VALUES ('main', 4, '2026-11-25 17:14:43.300129+00');
INSERT INTO public.river_migration VALUES ('main', 5, '2026-11-25 17:14:43.318111+00');
INSERT INTO public.river_migration VALUES ('main', 6, '2026-11-25 17:14:43.378142+00');
INSERT INTO public.river_migration VALUES ('main', 7, '2026-11-25 17:14:43.390137+00');
INSERT INTO public.river_migration VALUES ('main', 8, '2026-11-25 17:14:43.430135+00');
INSERT INTO public.river_queue VALUES ('785c6577-5960-4c36-9042-2d10681f57e0', '2026-11-25 17:14:43.627367+00', '{}', NULL, '2026-11-25 17:14:43.627367+00');
INSERT INTO public.task_instances VALUES ('785c6577-5960-4c36-9042-2d10681f57e0', '2026-11-25 17:14:43.624523+00', '2026-11-25 17:14:58.641288+00');
INSERT INTO public.task_runs VALUES ('c7d92134-0e95-41ae-b132-69ae00c4af02', 1, 'ann', '785c6577-5960-4c36-9042-2d10681f57e0', 1);
INSERT INTO public.task_schema VALUES (3, 1);
INSERT INTO public.task_steps VALUES ('c7d92134-0e95-41ae-b132-69ae00c4af02', 'first', '\x7b2273746570223a317d');
INSERT INTO public.task_store VALUES (3, 7, 1, 2, 'ann', 0);
INSERT INTO public.task_waiting VALUES ('ann', 2, 1, 1);
INSERT INTO public.tasks OVERRIDING SYSTEM VALUE VALUES (1, '30d3ec32-785e-42ff-9ebb-c01e284ebea5', 'ann', 'work', 'done', '', NULL, 'k', NULL, 'completed', 100, '\x7b2261223a317d', '', '', 1795626883636103, 1795626883636103, 1795626883636103, 4949226883636103, 1795626943636103, 0, 0, 1);
INSERT INTO public.tasks OVERRIDING SYSTEM VALUE VALUES (2, 'c7d92134-0e95-41ae-b132-69ae00c4af02', 'ann', 'work', 'interrupted', '', NULL, NULL, NULL, 'running', 40, NULL, '', '[{"at":1795626883670001,"text":"so far"}]', 1795626883646813, 1795626883670001, NULL, NULL, 1795626943646813, 1, 0, 3);
INSERT INTO public.tasks OVERRIDING SYSTEM VALUE VALUES (3, '773391fd-5e49-4c75-98ed-6086c1d8332c', 'ann', 'work', 'waits', 'low', NULL, NULL, 'u', 'pending', 0, NULL, '', '', 1795626884171455, 1795626884171455, NULL, NULL, 1795627004171455, 0, 0, 1);
SELECT pg_catalog.setval('public.paths_seq_seq', 1, true);
SELECT pg_catalog.setval('public.river_job_id_seq', 1, true);
SELECT pg_catalog.setval('public.river_notification_id_seq', 1, false);
SELECT pg_catalog.setval('public.tasks_seq_seq', 3, true);
ALTER TABLE ONLY public.paths
    ADD CONSTRAINT paths_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.river_job
    ADD CONSTRAINT river_job_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.river_leader
    ADD CONSTRAINT river_leader_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.river_migration
    ADD CONSTRAINT river_migration_pkey1 PRIMARY KEY (line, version);
ALTER TABLE ONLY public.river_notification
    ADD CONSTRAINT river_notification_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.river_queue
    ADD CONSTRAINT river_queue_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.task_instances
    ADD CONSTRAINT task_instances_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.task_runs
    ADD CONSTRAINT task_runs_pkey PRIMARY KEY (task, attempt);
ALTER TABLE ONLY public.task_steps
    ADD CONSTRAINT task_steps_pkey PRIMARY KEY (task, name);
ALTER TABLE ONLY public.task_waiting
    ADD CONSTRAINT task_waiting_pkey PRIMARY KEY (owner);
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_id_key UNIQUE (id);
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (seq);
CREATE UNIQUE INDEX paths_id ON public.paths USING btree (owner, id);
CREATE INDEX paths_owner ON public.paths USING btree (owner, seq);
CREATE INDEX paths_request ON public.paths USING btree (owner, request, updated_at);
CREATE INDEX river_job_args_index ON public.river_job USING gin (args);
CREATE INDEX river_job_kind ON public.river_job USING btree (kind);
CREATE INDEX river_job_metadata_index ON public.river_job USING gin (metadata);
CREATE INDEX river_job_prioritized_fetching_index ON public.river_job USING btree (state, queue, priority, scheduled_at, id);
CREATE INDEX river_job_state_and_finalized_at_index ON public.river_job USING btree (state, finalized_at) WHERE (finalized_at IS NOT NULL);
CREATE UNIQUE INDEX river_job_unique_idx ON public.river_job USING btree (unique_key) WHERE ((unique_key IS NOT NULL) AND (unique_states IS NOT NULL) AND public.river_job_state_in_bitmask(unique_states, state));
CREATE INDEX river_notification_created_at_idx ON public.river_notification USING btree (created_at);
CREATE INDEX river_notification_topic_id_idx ON public.river_notification USING btree (topic, id);
CREATE INDEX task_runs_holder ON public.task_runs USING btree (holder);
CREATE INDEX task_runs_owner ON public.task_runs USING btree (owner);
CREATE INDEX task_waiting_turn ON public.task_waiting USING btree (running, turn);
CREATE INDEX tasks_ended ON public.tasks USING btree (expires_at, seq) WHERE (expires_at IS NOT NULL);
CREATE UNIQUE INDEX tasks_idempotency_key ON public.tasks USING btree (owner, idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE INDEX tasks_owner ON public.tasks USING btree (owner, seq, expires_at);
CREATE INDEX tasks_owner_status ON public.tasks USING btree (owner, status, seq, expires_at);
CREATE UNIQUE INDEX tasks_unique_key ON public.tasks USING btree (owner, unique_key) WHERE (unique_key IS NOT NULL);
CREATE INDEX tasks_waiting ON public.tasks USING btree (owner, due, seq) WHERE (status = 'pending'::text);
ALTER TABLE ONLY public.task_steps
    ADD CONSTRAINT task_steps_task_fkey FOREIGN KEY (task) REFERENCES public.tasks(id) ON DELETE CASCADE;
-- What a task asks of its owner. While it waits for the answer its status here is
-- 'asking', which programs that do not know this schema never start.
ALTER TABLE public.tasks ADD COLUMN question bytea; -- JSON, with what was replied; null once it has ended
ALTER TABLE public.tasks ADD COLUMN answer_by bigint; -- when it fails for want of an answer

CREATE INDEX tasks_asking ON public.tasks (answer_by, seq) WHERE status = 'asking';
UPDATE public.task_schema SET version = 4;
-- How many tasks of an owner may run at once, where it is not as many as of anyone:
-- as its newest task says, and as it is counted while something of theirs waits.
ALTER TABLE public.tasks ADD COLUMN own_running bigint;
ALTER TABLE public.task_waiting ADD COLUMN most bigint;
UPDATE public.task_schema SET version = 5;
