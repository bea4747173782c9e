/** What this server keeps in the database of users beside MLflow's tables. Every table exported here is made at a start. */
export {}
