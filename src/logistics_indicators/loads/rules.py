"""What the text of a column must be, whichever way it is read."""

from ..customer_services.models import ANGEL_MAX, POLO_MAX
from ..customers.models import EMAIL_MAX, NOME_MAX, TELEFONE_MAX

IDS = ("id", "id_cliente")
LARGEST_ID = 2**53 - 1
"""The largest integer that every JSON reader keeps exact."""

MOST_ID_DIGITS = 16
"""After its leading zeros, of which there may be any number."""

LONGEST: dict[str, int] = {
    "nome": NOME_MAX,
    "email": EMAIL_MAX,
    "telefone": TELEFONE_MAX,
    "angel": ANGEL_MAX,
    "polo": POLO_MAX,
}
"""Characters."""

GROUPED = ("angel", "polo")
"""Names that figures are grouped by."""

DATES = ("data_limite", "data_de_atendimento")
