"""An independent mail server for tests: aiosmtpd with a certificate of the tests' own authority."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "shop", "a-password-of-tests"

Dropping = Literal["never", "after_data"]


@dataclass
class MailPeer:
    """A mail server. What it took is in `taken`; `refuse` gives answers to recipients, `after_data` to contents.

    `drop`: it takes the mail and hangs up without an answer. `hangs`: it never answers a goodbye. `on_taken` is called
    before it answers.
    """

    folder: Path
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    needs_sign_in: bool = True
    refuse: dict[str, str] = field(default_factory=dict)
    after_data: str | None = None
    drop: Dropping = "never"
    hangs: bool = False
    on_taken: Callable[[EmailMessage], None] | None = None
    taken: list[EmailMessage] = field(default_factory=list)
    signed_in: list[bool] = field(default_factory=list)
    port: int = 0
    _talks: list[SMTP] = field(default_factory=list)

    @property
    def ca_file(self) -> Path:
        """Who signed its certificate."""
        return self.folder / "mail-ca.pem"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it by this name
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it by this name
        del session
        if self.after_data is not None:
            return self.after_data
        raw = envelope.content
        assert isinstance(raw, bytes)
        message = message_from_bytes(raw, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        if self.on_taken is not None:
            self.on_taken(message)
        if self.drop == "after_data":
            transport: Any = server.transport
            transport.abort()
        return "250 taken"

    async def handle_QUIT(self, _: SMTP, __: Session, ___: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it by this name
        if self.hangs:
            await asyncio.Event().wait()
        return "221 Bye"

    def authenticate(self, _: SMTP, __: Session, ___: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword), mechanism
        good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        self.signed_in.append(good)
        # Without handled=False the server says nothing at all to a wrong password.
        return AuthResult(success=good, handled=good)

    def protocol(self) -> SMTP:
        """Return what talks with one client."""
        with warnings.catch_warnings():
            # It takes TLS from the first byte for none at all.
            warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS", UserWarning)
            server = SMTP(
                self,
                hostname="localhost",
                tls_context=self._context() if self.tls == "starttls" else None,
                require_starttls=self.tls == "starttls",
                authenticator=self.authenticate,
                auth_required=self.needs_sign_in,
                auth_require_tls=self.tls == "starttls",
                loop=asyncio.get_running_loop(),
            )
        self._talks.append(server)
        return server

    async def hang_up(self) -> None:
        """Close what it leaves open: after STARTTLS aiosmtpd forgets the socket below."""
        for talk in self._talks:
            below: Any = talk._original_transport
            if below is not None:
                below.abort()
        await asyncio.sleep(0)

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "mail.pem", self.folder / "mail.key")
        return context


@asynccontextmanager
async def listening(peer: MailPeer) -> AsyncIterator[MailPeer]:
    """Let the peer listen; its port is known then."""
    write_certificates(peer.folder)
    loop = asyncio.get_running_loop()
    context = peer._context() if peer.tls == "implicit" else None
    server = await loop.create_server(peer.protocol, "127.0.0.1", 0, ssl=context)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        await peer.hang_up()
        await server.wait_closed()


def write_certificates(folder: Path) -> None:
    """Write an authority of our own, and a certificate of it for 127.0.0.1 and localhost."""
    authority, signed = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Mail authority of tests")])
    root = (
        _certificate(name, name, authority.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority.public_key()), critical=False)
        .sign(authority, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    leaf = (
        _certificate(subject, name, signed.public_key())
        .add_extension(names, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False
        )
        .sign(authority, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "mail-ca.pem").write_bytes(root.public_bytes(pem))
    (folder / "mail.pem").write_bytes(leaf.public_bytes(pem))
    (folder / "mail.key").write_bytes(
        signed.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
    )
