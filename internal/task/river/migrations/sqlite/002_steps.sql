-- What the finished steps of a task's work gave, until the task has ended.
CREATE TABLE task_steps (
    task   text NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    name   text NOT NULL,
    output blob,
    PRIMARY KEY (task, name)
) STRICT;
