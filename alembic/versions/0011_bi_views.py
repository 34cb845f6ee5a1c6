"""Views for BI tools, named bi_…. Exact at every commit, as the API's figures are.

A role reads them by `logistics-indicators grant-reader`, and nothing else: the views look into the tables with their
owner's rights. Customers' names, addresses and telephones are in none of them.
"""

from alembic import op

revision = "0011"
down_revision = "0010"

STATEMENTS = """
CREATE VIEW bi_atendimentos_por_dia AS
SELECT dia, polos.name AS polo, polos.uf, angels.name AS angel, atendimentos, no_prazo, segundos_de_antecedencia
FROM (
    SELECT block AS dia, polo_id, angel_id, sum(total)::bigint AS atendimentos,
           COALESCE(sum(on_time), 0)::bigint AS no_prazo, sum(seconds)::bigint AS segundos_de_antecedencia
    FROM (
        SELECT block, polo_id, angel_id, total, on_time, seconds FROM rollup WHERE grain = 0
        UNION ALL
        SELECT block, polo_id, angel_id, total, CASE WHEN days_late = 0 THEN total END, seconds
        FROM rollup_recent WHERE grain = 0
    ) AS cells
    GROUP BY 1, 2, 3 HAVING sum(total) <> 0
) AS days
JOIN polos ON polos.id = polo_id JOIN angels ON angels.id = angel_id;
COMMENT ON VIEW bi_atendimentos_por_dia IS
    'Atendimentos feitos, por dia do atendimento. SLA = sum(no_prazo) / sum(atendimentos).';
COMMENT ON COLUMN bi_atendimentos_por_dia.segundos_de_antecedencia IS
    'Soma de (data_limite às 00:00 menos data_de_atendimento). Tempo médio = soma / sum(atendimentos).';

CREATE VIEW bi_atrasos_por_dia AS
SELECT dia, polos.name AS polo, polos.uf, angels.name AS angel, dias_de_atraso, atendimentos
FROM (
    SELECT block AS dia, polo_id, angel_id, days_late AS dias_de_atraso, sum(total)::bigint AS atendimentos
    FROM (
        SELECT block, polo_id, angel_id, days_late, total FROM rollup_late WHERE grain = 0
        UNION ALL
        SELECT block, polo_id, angel_id, days_late, total FROM rollup_recent WHERE grain = 0 AND days_late > 0
    ) AS cells
    GROUP BY 1, 2, 3, 4 HAVING sum(total) <> 0
) AS days
JOIN polos ON polos.id = polo_id JOIN angels ON angels.id = angel_id;
COMMENT ON VIEW bi_atrasos_por_dia IS
    'Atendimentos feitos depois da data limite, por dia do atendimento e dias de atraso.';

CREATE VIEW bi_pendentes AS
SELECT data_limite, polos.name AS polo, polos.uf, angels.name AS angel, atendimentos
FROM (
    SELECT block AS data_limite, polo_id, angel_id, sum(total)::bigint AS atendimentos
    FROM (
        SELECT block, polo_id, angel_id, total FROM rollup WHERE grain = 6
        UNION ALL
        SELECT block, polo_id, angel_id, total FROM rollup_recent WHERE grain = 6
    ) AS cells
    GROUP BY 1, 2, 3 HAVING sum(total) <> 0
) AS days
JOIN polos ON polos.id = polo_id JOIN angels ON angels.id = angel_id;
COMMENT ON VIEW bi_pendentes IS 'Atendimentos ainda não feitos, por data limite.';

CREATE VIEW bi_atendimentos AS
SELECT services.id, id_cliente, angel, polo, polos.uf, data_limite, data_de_atendimento,
       data_de_atendimento::date <= data_limite AS no_prazo,
       GREATEST(data_de_atendimento::date - data_limite, 0) AS dias_de_atraso
FROM services JOIN polos ON polos.name = services.polo;
COMMENT ON VIEW bi_atendimentos IS
    'Um atendimento por linha. no_prazo e dias_de_atraso são nulos enquanto ele não foi feito.';

CREATE VIEW bi_polos AS SELECT name AS polo, uf FROM polos;
CREATE VIEW bi_angels AS SELECT name AS angel FROM angels
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    op.execute(
        "DROP VIEW bi_atendimentos_por_dia, bi_atrasos_por_dia, bi_pendentes, bi_atendimentos, bi_polos, bi_angels"
    )
