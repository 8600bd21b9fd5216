-- The SQLite file of an index; a change here needs another APPLICATION_ID in database.py.
CREATE TABLE documents (
    id TEXT PRIMARY KEY, uri TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL, sha256 TEXT NOT NULL,
    published TEXT, metadata TEXT NOT NULL, pages TEXT NOT NULL, origin TEXT NOT NULL, file TEXT NOT NULL,
    manifest TEXT NOT NULL);
CREATE INDEX documents_of_file ON documents (origin, file);
CREATE INDEX documents_by_manifest ON documents (manifest, id); -- spares the way past their texts
-- Files all of whose documents are in: a file is one no longer once any of them is taken out.
CREATE TABLE files (
    origin TEXT NOT NULL, file TEXT NOT NULL, fingerprint TEXT NOT NULL, PRIMARY KEY (origin, file)
) WITHOUT ROWID;
CREATE TRIGGER documents_removed AFTER DELETE ON documents BEGIN
    DELETE FROM files WHERE origin = old.origin AND file = old.file;
END;
CREATE TABLE passages (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, text TEXT NOT NULL,
    token_spans BLOB NOT NULL, token_vectors BLOB NOT NULL);
CREATE INDEX passages_of_document ON passages (document_id);
-- What Chroma is made again from; apart from the passages, whose token vectors would be read along.
CREATE TABLE passage_vectors (
    key INTEGER PRIMARY KEY REFERENCES passages (key) ON DELETE CASCADE,
    vector BLOB NOT NULL);
CREATE VIRTUAL TABLE passages_fts USING fts5 (
    text, content = 'passages', content_rowid = 'key',
    tokenize = 'porter unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE passages_terms USING fts5vocab (passages_fts, row);
CREATE TRIGGER passages_added AFTER INSERT ON passages BEGIN
    INSERT INTO passages_fts (rowid, text) VALUES (new.key, new.text);
END;
CREATE TRIGGER passages_removed AFTER DELETE ON passages BEGIN
    INSERT INTO passages_fts (passages_fts, rowid, text) VALUES ('delete', old.key, old.text);
END;
CREATE TABLE unclaimed_vectors (id TEXT PRIMARY KEY);
-- Names this index among others on a Chroma server.
CREATE TABLE identity (id TEXT NOT NULL);
INSERT INTO identity VALUES (lower(hex(randomblob(16))));
