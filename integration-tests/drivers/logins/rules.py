"""What the proxy and the servers behind it are told about who may come in."""

import os
import pwd

from logins.directory import BASE
from logins.issuer import SCOPE

DATABASE = "app"
SYSTEM_USER = pwd.getpwuid(os.geteuid()).pw_name


def password_of(user):
    return f"secret-{user}"


# Roles in the cluster: how the password is stored there, or that the server does not ask for any.
SCRAM_ROLES = ["password", "md5-scram", "scram", "plus", "scram-cert"]
MD5_ROLES = ["md5"]
TRUSTED_ROLES = ["trust", "cert", "cert-map", "peer", "ldap", "oauth"]

SERVER_HBA = f"""local all all trust
host all postgres 127.0.0.1/32 trust
host all {','.join(TRUSTED_ROLES)},trust-nobody 127.0.0.1/32 trust
host all {','.join(MD5_ROLES)} 127.0.0.1/32 md5
host all all 127.0.0.1/32 scram-sha-256
"""

POOL_IDENT = f"""people "somebody"           "cert-map"
people "/^(.*)@example\\.org$" "\\1"
machine "{SYSTEM_USER}" "peer"
machine "somebody" "peer-stranger"
"""


def pool_hba(directory_port, issuer_url):
    """A line for each method; names that end in -nobody are no roles."""
    directory = f'ldapserver=127.0.0.1 ldapport={directory_port} ldapprefix="uid=" ldapsuffix=",{BASE}"'
    return f"""# TYPE  DATABASE    USER                       ADDRESS      METHOD
host    {DATABASE}  trust,trust-nobody          127.0.0.1/32  trust
host    {DATABASE}  reject                      127.0.0.1/32  reject
host    {DATABASE}  password,password-nobody    127.0.0.1/32  password
host    {DATABASE}  md5,md5-scram,md5-nobody    127.0.0.1/32  md5
host    {DATABASE}  scram,scram-nobody          127.0.0.1/32  scram-sha-256
hostssl {DATABASE}  plus,plus-nobody            127.0.0.1/32  scram-sha-256-plus
hostssl {DATABASE}  scram-cert                  127.0.0.1/32  scram-sha-256 clientcert=verify-full
hostssl {DATABASE}  cert                        127.0.0.1/32  cert
hostssl {DATABASE}  cert-map                    127.0.0.1/32  cert map=people
local   {DATABASE}  peer,peer-stranger                        peer map=machine
host    {DATABASE}  ldap,ldap-nobody            127.0.0.1/32  ldap {directory}
host    {DATABASE}  oauth                       127.0.0.1/32  oauth issuer="{issuer_url}" scope="{SCOPE}"
"""


def roles():
    """SQL that makes them."""
    for encryption, names in (("scram-sha-256", SCRAM_ROLES), ("md5", MD5_ROLES)):
        yield f"SET password_encryption = '{encryption}'; " + "; ".join(
            f"CREATE ROLE \"{name}\" LOGIN PASSWORD '{password_of(name)}'" for name in names)
    yield "; ".join(f'CREATE ROLE "{name}" LOGIN' for name in TRUSTED_ROLES)
    yield f'CREATE DATABASE "{DATABASE}"'


def password_function(user):
    """SQL: what auth.query asks by default."""
    return f"""
        CREATE SCHEMA pgdrover;
        CREATE FUNCTION pgdrover.password_of(name text) RETURNS text
            LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
            AS $$ SELECT rolpassword FROM pg_authid
                   WHERE rolname = name AND rolcanlogin AND (rolvaliduntil IS NULL OR rolvaliduntil > now()) $$;
        REVOKE ALL ON FUNCTION pgdrover.password_of(text) FROM PUBLIC;
        GRANT USAGE ON SCHEMA pgdrover TO {user};
        GRANT EXECUTE ON FUNCTION pgdrover.password_of(text) TO {user}"""
