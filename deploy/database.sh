#!/bin/sh
# Run once by the postgres image, when the volume is new: the service's own user, who is no superuser, and its database.
set -eu
psql -v ON_ERROR_STOP=1 -U postgres -v "password=$SOAP_SERVICE_PASSWORD" <<'EOF'
CREATE USER soap_service PASSWORD :'password';
CREATE DATABASE soap_service OWNER soap_service ENCODING 'UTF8' TEMPLATE template0;
REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;
EOF
