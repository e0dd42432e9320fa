DROP TABLE dashboard_secrets;
