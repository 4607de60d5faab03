"""Certificates and keys made with openssl: two authorities, the proxy's certificate, and clients'."""

import os
import subprocess

DAYS = ["-days", "2"]


def openssl(*arguments, feed=None):
    done = subprocess.run(["openssl", *arguments], input=feed, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(arguments)}: {done.stderr.decode().strip()}")
    return done.stdout


class Authority:
    """A certificate authority of our own, in a directory of its own."""

    def __init__(self, directory, name):
        self.directory = os.path.join(directory, name)
        os.makedirs(self.directory, mode=0o700)
        self.name = name
        self.certificate = self._path("ca.crt")
        rights = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", *DAYS, *rights,
                "-keyout", self._path("ca.key"), "-out", self.certificate)

    def sign(self, common_name, alternative_name=None):
        """A certificate for the name: its path and its key's. Beside the key lies the same in DER, which pgjdbc asks for."""
        key, request, certificate = (self._path(f"{common_name}.{end}") for end in ("key", "csr", "crt"))
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={common_name}", "-keyout", key, "-out", request)
        extensions = self._path(f"{common_name}.ext")
        with open(extensions, "w") as f:
            f.write("basicConstraints=CA:FALSE\n" + (f"subjectAltName={alternative_name}\n" if alternative_name else ""))
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._path("ca.key"), "-CAcreateserial", *DAYS,
                "-extfile", extensions, "-out", certificate)
        openssl("pkcs8", "-topk8", "-nocrypt", "-in", key, "-outform", "DER", "-out", f"{key}.der")
        for path in (key, f"{key}.der"):
            os.chmod(path, 0o600)
        return certificate, key

    def _path(self, name):
        return os.path.join(self.directory, name)
