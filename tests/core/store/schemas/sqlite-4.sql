-- A store of schema version 4 as a hub left it, one row in each table. Never changes: it shows that
-- a store of that version can still be opened (FORMAT.md, "Schema version").
PRAGMA journal_mode = WAL;
BEGIN;
CREATE TABLE meta(
  name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE journal(
  id INTEGER PRIMARY KEY, stamp INTEGER NOT NULL, partition INTEGER NOT NULL,
  state INTEGER NOT NULL, kind INTEGER NOT NULL, attempts INTEGER NOT NULL,
  serial INTEGER NOT NULL, origin INTEGER NOT NULL, envelope INTEGER NOT NULL,
  part INTEGER NOT NULL, parts INTEGER NOT NULL, owes_reply INTEGER NOT NULL,
  case_key TEXT NOT NULL, endpoint TEXT NOT NULL, route TEXT NOT NULL, name TEXT NOT NULL,
  sender TEXT NOT NULL, message_id TEXT NOT NULL, snapshot TEXT NOT NULL, effect TEXT NOT NULL,
  headers BLOB, inputs BLOB, payload BLOB) STRICT;
CREATE INDEX journal_undone ON journal(state) WHERE state = 0;
CREATE INDEX journal_undone_partition ON journal(partition) WHERE state = 0;
CREATE INDEX journal_envelope ON journal(envelope, part) WHERE envelope > 0;
CREATE TABLE keys(
  endpoint TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  digest TEXT NOT NULL, journal INTEGER NOT NULL, expires INTEGER NOT NULL,
  PRIMARY KEY(endpoint, name, value)) STRICT, WITHOUT ROWID;
CREATE TABLE cases(
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, partition INTEGER NOT NULL,
  version INTEGER NOT NULL, event_number INTEGER NOT NULL, visit INTEGER NOT NULL,
  opened INTEGER NOT NULL, since INTEGER NOT NULL, ended INTEGER, service_time INTEGER NOT NULL,
  process TEXT NOT NULL, snapshot TEXT NOT NULL, state TEXT NOT NULL,
  search BLOB, data BLOB) STRICT;
CREATE INDEX cases_state ON cases(state, key);
CREATE INDEX cases_open ON cases(ended) WHERE ended IS NULL;
CREATE TABLE case_search(
  value TEXT NOT NULL, field TEXT NOT NULL, case_key TEXT NOT NULL,
  PRIMARY KEY(value, field, case_key)) STRICT, WITHOUT ROWID;
CREATE TABLE aliases(
  name TEXT NOT NULL, value TEXT NOT NULL, case_key TEXT NOT NULL, partition INTEGER NOT NULL,
  PRIMARY KEY(name, value)) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_case ON aliases(case_key, name);
CREATE TABLE timers(
  case_key TEXT NOT NULL, kind INTEGER NOT NULL, name TEXT NOT NULL, serial INTEGER NOT NULL,
  partition INTEGER NOT NULL, due INTEGER NOT NULL, ord INTEGER NOT NULL, visit INTEGER NOT NULL,
  PRIMARY KEY(case_key, kind, name, serial)) STRICT, WITHOUT ROWID;
CREATE INDEX timers_due ON timers(due, ord);
CREATE TABLE tasks(
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, case_key TEXT NOT NULL,
  partition INTEGER NOT NULL, state INTEGER NOT NULL, visit INTEGER NOT NULL,
  asked INTEGER NOT NULL, due INTEGER NOT NULL, ended INTEGER,
  name TEXT NOT NULL, until TEXT NOT NULL, effect TEXT NOT NULL,
  detail BLOB, answer BLOB) STRICT;
CREATE INDEX tasks_case ON tasks(case_key, id);
CREATE INDEX tasks_state ON tasks(state, id);
CREATE TABLE outbox(
  sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, case_key TEXT NOT NULL,
  partition INTEGER NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL,
  changed INTEGER NOT NULL, created INTEGER NOT NULL, not_after INTEGER,
  case_version INTEGER NOT NULL, visit INTEGER NOT NULL, step INTEGER NOT NULL,
  effect TEXT NOT NULL, endpoint TEXT NOT NULL, operation TEXT NOT NULL, route TEXT NOT NULL,
  snapshot TEXT NOT NULL, code TEXT NOT NULL, report TEXT NOT NULL, text TEXT NOT NULL,
  headers BLOB, reply BLOB, body BLOB) STRICT;
CREATE INDEX outbox_waiting ON outbox(endpoint, sequence) WHERE state < 2;
CREATE INDEX outbox_case ON outbox(case_key);
CREATE TABLE replies(
  journal INTEGER PRIMARY KEY, code TEXT NOT NULL, body BLOB) STRICT;
CREATE TABLE dead_letters(
  id INTEGER PRIMARY KEY, partition INTEGER NOT NULL, state INTEGER NOT NULL,
  at INTEGER NOT NULL, journal INTEGER NOT NULL, attempts INTEGER NOT NULL,
  case_key TEXT NOT NULL, effect TEXT NOT NULL, endpoint TEXT NOT NULL, route TEXT NOT NULL,
  step TEXT NOT NULL, code TEXT NOT NULL, fingerprint TEXT NOT NULL, snapshot TEXT NOT NULL,
  text TEXT NOT NULL, original BLOB, at_step BLOB) STRICT;
CREATE INDEX dead_letters_state ON dead_letters(state);
CREATE TABLE audit(
  id INTEGER PRIMARY KEY, partition INTEGER NOT NULL, at INTEGER NOT NULL,
  version INTEGER NOT NULL, journal INTEGER NOT NULL,
  case_key TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL,
  reference TEXT NOT NULL, text TEXT NOT NULL) STRICT;
CREATE INDEX audit_case ON audit(case_key);
CREATE TABLE settings(
  name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE series(
  name TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE snapshots(
  hash TEXT PRIMARY KEY, created INTEGER NOT NULL, content BLOB) STRICT;
ALTER TABLE audit ADD COLUMN previous BLOB;
ALTER TABLE audit ADD COLUMN hash BLOB;
ALTER TABLE audit ADD COLUMN personal_digest BLOB;
CREATE TABLE audit_personal(
  audit INTEGER PRIMARY KEY, salt BLOB, content BLOB) STRICT;
CREATE TABLE audit_heads(
  partition INTEGER PRIMARY KEY, audit INTEGER NOT NULL, hash BLOB) STRICT;
CREATE INDEX cases_snapshot ON cases(snapshot, process, key) WHERE ended IS NULL;
ALTER TABLE timers ADD COLUMN working TEXT NOT NULL DEFAULT '';
CREATE INDEX timers_working ON timers(case_key) WHERE working <> '';
CREATE INDEX journal_origin ON journal(origin) WHERE origin > 0;

INSERT INTO meta VALUES('stamp', 1700000000000000);
INSERT INTO journal VALUES(7, 1700000000000001, 3, 0, 0, 2, 0, 0, 0, 0, 1, 1, 'A-1', 'front-in',
  'intake', 't:Opened', 'front', 'm1', 'snapshot-1', '', x'613A2062', NULL, x'3C783E3C2F783E');
INSERT INTO keys VALUES('front-in', 'message-id', 'm1', 'digest', 7, 1800000000000000);
INSERT INTO cases VALUES(1, 'A-1', 3, 4, 5, 2, 1600000000000000, 1600000000000001, NULL, 60000000,
  'clearing', 'snapshot-1', 'waiting', CAST('5:plate4:12-3' AS BLOB), x'00FF');
INSERT INTO case_search VALUES('12-3', 'plate', 'A-1');
INSERT INTO aliases VALUES('number', '900', 'A-1', 3);
INSERT INTO timers VALUES('A-1', 0, 'answer', 1, 3, 1900000000000000, 0, 2, '');
INSERT INTO tasks VALUES(1, 'task-1', 'A-1', 3, 0, 2, 1600000000000000, 1900000000000000, NULL,
  'look', 'done', 'effect-1', x'6C6F6F6B', NULL);
INSERT INTO outbox VALUES(9, 'effect-1', 'A-1', 3, 0, 1, 1600000000000000, 1600000000000000, NULL,
  4, 2, 3, 'inquire', 'registry', 'Inquire', 'inquire', 'snapshot-1', '', '', '', NULL, NULL,
  x'3C792F3E');
INSERT INTO replies VALUES(7, '', x'3C7A2F3E');
INSERT INTO dead_letters VALUES(2, 3, 0, 1600000000000000, 7, 5, 'A-1', '', 'front-in', 'intake',
  'map', 'unset-value', 'f00d', 'snapshot-1', 'amount is unset', x'3C783E', NULL);
INSERT INTO audit VALUES(11, 3, 1600000000000000, 4, 7, 'A-1', 'message', 't:Opened', 'waiting',
  'm1', 'taken in', NULL, NULL, NULL);
INSERT INTO settings VALUES('pause.endpoint.registry', 'yes');
INSERT INTO series VALUES('bills', 43);
PRAGMA application_id = 1297301842;
PRAGMA user_version = 4;
COMMIT;
