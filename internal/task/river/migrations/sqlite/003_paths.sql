-- Finished paths, until their owner deletes them: package sqlshelf.
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

CREATE UNIQUE INDEX paths_id ON paths (owner, id);
CREATE INDEX paths_request ON paths (owner, request, updated_at);
CREATE INDEX paths_owner ON paths (owner, seq);
