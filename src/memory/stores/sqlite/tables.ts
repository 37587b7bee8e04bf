/**
 * Numbers that an entity has for its observations, and again for its passages: the nth of entity e is \`e * SPAN + n\`. What
 * belongs to one entity lies together, and is found without an index.
 */
export const SPAN = 16_777_216;

/** The first and the last number that an entity has. */
export const spanOf = (entity: number): readonly [first: number, last: number] => [
  entity * SPAN,
  entity * SPAN + SPAN - 1,
];

/**
 * The beginning of an id, by which it is looked for: hardly two have the same eight bytes, and since they begin with the time,
 * new ones are neighbours in the index.
 */
export const beginningOf = (column: string): string => `substr(${column}, 1, 8)`;

/**
 * The truth about memory; all indexes are made from it. Ids are UUIDs in 16 bytes; `row` numbers are this file's own and
 * what the indexes go by. Texts of passages are not kept: they follow from the observations.
 *
 * What most rows have in common takes no room: NULL is a relation's strength of 0.5 and an entity that was never changed, and
 * SQLite keeps 1.0 in no byte.
 */
export const TABLES = `
  CREATE TABLE scope (n INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE) STRICT;
  -- What is not known is ''.
  CREATE TABLE provenance (
    n INTEGER PRIMARY KEY, source TEXT NOT NULL, source_id TEXT NOT NULL, agent TEXT NOT NULL,
    UNIQUE (source, source_id, agent)
  ) STRICT;
  CREATE TABLE entity (
    row INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    scope INTEGER NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    confidence REAL NOT NULL,
    strength REAL NOT NULL,
    valid_from_ms INTEGER,
    valid_to_ms INTEGER,
    metadata TEXT,
    version INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    -- NULL: when it was created.
    updated_at_ms INTEGER,
    UNIQUE (scope, name)
  ) STRICT;
  CREATE INDEX entity_id ON entity (${beginningOf("id")});
  CREATE TABLE observation (
    row INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    text TEXT NOT NULL,
    confidence REAL NOT NULL,
    valid_from_ms INTEGER,
    valid_to_ms INTEGER,
    provenance INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER
  ) STRICT;
  -- Its row is the number of the change that made it. That change stands here as well, with the version that its source had
  -- then, until the relation goes; NULL: the change stands among the others.
  CREATE TABLE relation (
    row INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    src INTEGER NOT NULL,
    dst INTEGER NOT NULL,
    type TEXT NOT NULL,
    strength REAL,
    confidence REAL NOT NULL,
    is_both INTEGER NOT NULL,
    valid_from_ms INTEGER,
    valid_to_ms INTEGER,
    metadata TEXT,
    provenance INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    version INTEGER
  ) STRICT;
  CREATE INDEX relation_id ON relation (${beginningOf("id")});
  -- One of each type between two.
  CREATE INDEX relation_from ON relation (src, dst);
  CREATE INDEX relation_to ON relation (dst);
  CREATE TABLE model (n INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, dims INTEGER NOT NULL, is_active INTEGER NOT NULL) STRICT;
  -- One row for each passage of an entity, with its vector, rotated and rounded to bytes; NULL while there is none.
  CREATE TABLE passage (row INTEGER PRIMARY KEY, model INTEGER, scale REAL, vector BLOB) STRICT;
  CREATE INDEX passage_without ON passage (row) WHERE vector IS NULL;
  -- Vectors of a model that does not count yet.
  CREATE TABLE coming (
    passage INTEGER PRIMARY KEY, model INTEGER NOT NULL, scale REAL NOT NULL, vector BLOB NOT NULL
  ) STRICT;
  -- \`action\` is the place in CHANGE_ACTIONS. \`gone\` is the id of an entity that was forgotten.
  CREATE TABLE change (
    seq INTEGER PRIMARY KEY,
    entity INTEGER,
    gone BLOB,
    scope INTEGER NOT NULL,
    version INTEGER NOT NULL,
    action INTEGER NOT NULL,
    provenance INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    details TEXT
  ) STRICT;
  CREATE INDEX change_of ON change (entity) WHERE entity IS NOT NULL;
  -- Names the file with the indexes as they are now, if there is one.
  CREATE TABLE kept (stamp BLOB NOT NULL) STRICT;
  CREATE INDEX change_of_gone ON change (gone) WHERE gone IS NOT NULL;
`;
