"""What the account routes take and give."""

import ipaddress
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StrictBool,
    StrictInt,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from ..http.field_types import WITHOUT_NUL, AnsweredTimestamp, Spelled, TextRule, whole_number
from ..http.paging import PageModel
from .current_user import Role, Scope
from .names import LONGEST_NAME, NOT_PLAIN, require_plain_name
from .passwords import LONGEST, SHORTEST
from .roles import MachineRole

Username = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_NAME),
    Spelled(r"^[\w.@+-]([\w.@+ -]*[\w.@+-])?$", NOT_PLAIN),
    AfterValidator(require_plain_name),
    Field(
        description="Latin letters, with or without accents, digits and . @ + - _; blanks inside. Stored as NFKC. "
        "Names that differ by case or accents alone, or that look alike, are the same",
        examples=["ana"],
    ),
]
Email = Annotated[
    str,
    StringConstraints(min_length=3, max_length=254),
    Spelled(
        r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$",
        "not a mail address; one is ana@example.com",
    ),
    Field(examples=["ana@example.com"], json_schema_extra={"format": "email"}),
]


def _encodable(password: SecretStr) -> SecretStr:
    """JSON can spell lone surrogates, which are no characters."""
    try:
        password.get_secret_value().encode()
    except UnicodeEncodeError:
        raise ValueError("not text") from None
    return password


NewPassword = Annotated[
    SecretStr,
    AfterValidator(_encodable),
    Field(min_length=SHORTEST, max_length=LONGEST, description="8 to 128 characters; common ones are refused (422)"),
]
GivenPassword = Annotated[SecretStr, AfterValidator(_encodable), Field(min_length=1, max_length=LONGEST)]
OneTimeToken = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2048),
    Spelled(r"^[A-Za-z0-9._~+/=-]+$", "not a token: it has letters, digits and . _ ~ + / = - alone"),
]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Registration(Body):
    username: Username
    email: Email
    password: NewPassword


class NewUser(Registration):
    role: Role = Role.analyst


class Credentials(Body):
    username: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME), WITHOUT_NUL]
    password: GivenPassword


class PasswordForm(Credentials):
    """OAuth2's password form, with the fields that its clients send."""

    grant_type: Literal["password"] | None = None
    scope: Annotated[str, StringConstraints(max_length=200)] = ""
    client_id: Annotated[str, StringConstraints(max_length=200)] | None = None
    client_secret: Annotated[str, StringConstraints(max_length=200)] | None = None


class SentRefreshToken(Body):
    refresh_token: OneTimeToken


class PasswordChange(Body):
    current_password: GivenPassword
    new_password: NewPassword
    revoke_tokens: StrictBool = Field(False, description="End one's API tokens, too: machines need new ones then")


class PasswordReset(Body):
    reset_token: OneTimeToken
    new_password: NewPassword


class UserChange(Body):
    """At least one of the two fields is given."""

    role: Role | None = None
    active: StrictBool | None = None

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "anyOf": [
                {"required": ["role"], "properties": {"role": {"type": "string"}}},
                {"required": ["active"], "properties": {"active": {"type": "boolean"}}},
            ]
        },
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.role is None and self.active is None:
            raise ValueError("name role, active or both")
        return self


class UserOut(BaseModel):
    id: int
    username: str
    email: str = Field(json_schema_extra={"format": "email"})
    role: Role


class ManagedUser(UserOut):
    active: bool
    created_at: AnsweredTimestamp


class BrowserSession(BaseModel):
    """What a page may hold in memory; the refresh token is in a cookie that no script can read."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105
    expires_in: int = Field(description="Seconds until the access token expires")
    user: UserOut


class SignedIn(BrowserSession):
    """For programs, which keep the refresh token themselves."""

    refresh_token: str


class ResetToken(BaseModel):
    reset_token: str = Field(description="To be handed to the user; it works once")
    expires_at: AnsweredTimestamp


class UserPage(PageModel):
    users: list[ManagedUser]


class AuditEntry(BaseModel):
    id: int
    happened_at: AnsweredTimestamp
    action: str
    user_id: int | None
    username: str | None
    address: str | None
    detail: dict[str, str | int]


class AuditPage(PageModel):
    audit: list[AuditEntry]


NO_NETWORK = "no IP address or network, such as 10.0.0.0/8"


def _network(text: str) -> str:
    """In its one spelling; an address is a network of one. IPv4 written as IPv6 is IPv4, as the asker's address is."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(NO_NETWORK) from None
    mapped = network.network_address.ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
    if mapped is not None and network.prefixlen >= 96:
        network = ipaddress.ip_network((int(mapped), network.prefixlen - 96))
    return str(network)


Network = Annotated[
    str,
    StringConstraints(min_length=2, max_length=43),
    Spelled(r"^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$", NO_NETWORK),
    AfterValidator(_network),
]
Days = Annotated[StrictInt, Field(ge=1, le=3650), BeforeValidator(whole_number)]


def _of_a_machine(value: object) -> object:
    if value not in list(MachineRole):
        raise ValueError(f"a token's role is {' or '.join(MachineRole)}: machines administer nothing")
    return value


TokenRole = Annotated[
    Role,
    BeforeValidator(_of_a_machine),
    WithJsonSchema({"type": "string", "enum": [str(role) for role in MachineRole]}),
]


class NewApiToken(Body):
    """What a machine may do."""

    name: Annotated[str, TextRule(64)] = Field(description="Whose it is, or what for", examples=["night scheduler"])
    role: TokenRole = Field(Role.viewer, description="No higher than yours; `load` needs analyst")
    scopes: list[Scope] = Field(
        [Scope.read],
        min_length=1,
        max_length=2,
        description="`read`: ask and export. `load`: send files, mend, change customers and visits",
    )
    expires_in_days: Days | None = Field(None, description="Without it, never")
    addresses: list[Network] = Field(
        default_factory=list,
        max_length=20,
        description="Networks that it is taken from; with none, from everywhere",
        examples=[["10.0.0.0/8"]],
    )

    @field_validator("scopes")
    @classmethod
    def _able_to_load(cls, scopes: list[Scope], others: ValidationInfo) -> list[Scope]:
        """A role that is no good is told by itself."""
        if Scope.load in scopes and others.data.get("role") == Role.viewer:
            raise ValueError("the scope load needs the role analyst")
        return list(dict.fromkeys(scopes))


class ApiTokenOut(BaseModel):
    id: int
    name: str
    role: Role
    scopes: list[Scope]
    addresses: list[str]
    created_at: AnsweredTimestamp
    expires_at: AnsweredTimestamp | None
    last_used_at: AnsweredTimestamp | None = Field(description="To a minute")
    last_used_address: str | None
    user_id: int = Field(description="The maker's")
    username: str


class MadeApiToken(ApiTokenOut):
    token: str = Field(description="Shown this once; kept as a hash", examples=["lgi_…"])


class ApiTokenPage(PageModel):
    tokens: list[ApiTokenOut]
