"""A slapd of OpenLDAP that knows one user, on a free port of 127.0.0.1."""

import os
import socket
import subprocess

from rig.processes import StartFailed, find_program

SCHEMA = "/etc/ldap/schema"
BASE = "ou=people,dc=example,dc=org"

CONFIGURATION = """include {schema}/core.schema
include {schema}/cosine.schema
include {schema}/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {directory}/pid
database mdb
suffix "dc=example,dc=org"
directory {directory}/database
access to attrs=userPassword by anonymous auth by * none
access to * by * read
"""

PEOPLE = """dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: {base}
objectClass: organizationalUnit
ou: people

dn: uid={user},{base}
objectClass: inetOrgPerson
uid: {user}
cn: {user}
sn: {user}
userPassword: {password}
"""


class Directory:
    def __init__(self, workplace, port, user, password):
        program, loader = find_program("slapd"), find_program("slapadd")
        if not program or not loader or not os.path.isdir(SCHEMA):
            raise StartFailed("slapd: not found (expected: installed; apt-get install slapd)")
        self.port = port
        directory = os.path.join(workplace.path, "slapd")
        os.makedirs(os.path.join(directory, "database"))
        configuration, people = (os.path.join(directory, name) for name in ("slapd.conf", "people.ldif"))
        with open(configuration, "w") as f:
            f.write(CONFIGURATION.format(schema=SCHEMA, directory=directory))
        with open(people, "w") as f:
            f.write(PEOPLE.format(base=BASE, user=user, password=password))
        loaded = subprocess.run([loader, "-f", configuration, "-l", people], capture_output=True, text=True, check=False)
        if loaded.returncode != 0:
            raise StartFailed(f"slapadd: {loaded.stderr.strip()}")
        # With -d it stays in the foreground.
        command = [program, "-f", configuration, "-h", f"ldap://127.0.0.1:{port}/", "-d", "none"]
        process = workplace.start("slapd", command, as_service=False)
        workplace.await_ready("slapd", process, self._answers)

    def _answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False
