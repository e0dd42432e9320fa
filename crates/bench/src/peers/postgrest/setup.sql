-- `bench_authenticator` connects, and becomes the role that the token of a request names. Roles belong to the cluster.
DO $$
BEGIN
    CREATE ROLE bench_caller NOLOGIN;
    CREATE ROLE bench_authenticator LOGIN NOINHERIT NOCREATEDB NOCREATEROLE NOSUPERUSER PASSWORD 'throwaway';
    GRANT bench_caller TO bench_authenticator;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;
GRANT SELECT, INSERT ON groups TO bench_caller;
ALTER TABLE groups ALTER COLUMN uuid SET DEFAULT gen_random_uuid(), ALTER COLUMN created_at SET DEFAULT now();
