-- Login roles for production: run once as the owner of the database, after `python -m workers migrate`.
-- Give each a password of its own (\password), and each program the URL of its role only:
--   TENURE_DATABASE_URL          tenure_app_login      worker, web
--   TENURE_ERASURE_DATABASE_URL  tenure_erasure_login  worker of the queue tenure-erasure
create role tenure_app_login login in role tenure_app;
create role tenure_erasure_login login in role tenure_erasure;
