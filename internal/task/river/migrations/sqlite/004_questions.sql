-- What a task asks of its owner. While it waits for the answer its status here is
-- 'asking', which programs that do not know this schema never start.
ALTER TABLE tasks ADD COLUMN question blob; -- JSON, with what was replied; null once it has ended
ALTER TABLE tasks ADD COLUMN answer_by integer; -- when it fails for want of an answer

CREATE INDEX tasks_asking ON tasks (answer_by, seq) WHERE status = 'asking';
