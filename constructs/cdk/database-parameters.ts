/** What PostgreSQL on RDS is told besides its defaults. */
export const DATABASE_PARAMETERS: Readonly<Record<string, string>> = {
  // Nobody connects without TLS, whatever a client asks for (RDS User Guide, "Using SSL with a PostgreSQL DB instance").
  'rds.force_ssl': '1',
  // Passwords by SCRAM only: MD5, which RDS takes besides, can be replayed by whoever reads it in the catalogue.
  'rds.accepted_password_auth_method': 'scram',
  // Who came and went, for an audit; a pool of the server opens few connections.
  log_connections: '1',
  log_disconnections: '1',
  // Changes of tables and rights, for an audit; `db prepare` sends no password in them.
  log_statement: 'ddl',
  // A second is far above any statement of this server on a healthy database.
  log_min_duration_statement: '1000',
  // Their values are what people log: names, parameters, hashes of tokens.
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
  // Who waits longer than a second for a lock, and for whom.
  log_lock_waits: '1',
  // A server that is gone without a word holds its locks no longer than a statement may take; RDS's default is a day.
  idle_in_transaction_session_timeout: '60000',
  // Shows what waits for the disk; the clock of Nitro instances is cheap to read (PostgreSQL, pg_test_timing).
  track_io_timing: '1',
}
