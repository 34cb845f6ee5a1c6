"""What the account routes take and give."""

from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StrictBool,
    StringConstraints,
    model_validator,
)

from ..http.field_types import WITHOUT_NUL, AnsweredTimestamp
from ..http.paging import PageModel
from .current_user import Role
from .names import LONGEST_NAME, require_plain_name
from .passwords import LONGEST, SHORTEST

Username = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_NAME, pattern=r"^[\w.@+-]([\w.@+ -]*[\w.@+-])?$"),
    AfterValidator(require_plain_name),
    Field(
        description="Latin letters, with or without accents, digits and . @ + - _; blanks inside. Stored as NFKC. "
        "Names that differ by case or accents alone, or that look alike, are the same",
        examples=["ana"],
    ),
]
Email = Annotated[
    str,
    StringConstraints(
        min_length=3,
        max_length=254,
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$",
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
OneTimeToken = Annotated[str, StringConstraints(min_length=1, max_length=2048, pattern=r"^[A-Za-z0-9._~+/=-]+$")]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Registration(Body):
    username: Username
    email: Email
    password: NewPassword


class NewUser(Registration):
    role: Role = Role.analyst


class Credentials(Body):
    username: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME, pattern=WITHOUT_NUL)]
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


class SignedIn(BaseModel):
    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105
    expires_in: int = Field(description="Seconds until the access token expires")
    user: UserOut


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
