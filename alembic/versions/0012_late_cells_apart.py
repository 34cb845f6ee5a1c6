"""Recent cells as the merged ones: sums with their visits on time, and late visits by days apart from them.

A reader of sums walked over four cells where two hold the same. Late cells are those of a grain that is 10 more.
"""

from alembic import op

revision = "0012"
down_revision = "0011"

STATEMENTS = """
-- A writer of the version before that is under way fails when it comes to its cells, and loses nothing.
ALTER TABLE rollup_recent ADD COLUMN on_time integer NOT NULL DEFAULT 0;
ALTER TABLE rollup_recent ALTER COLUMN on_time DROP DEFAULT;
INSERT INTO rollup_recent (commit_id, grain, block, polo_id, angel_id, days_late, total, on_time, seconds)
SELECT commit_id, grain + 10, block, polo_id, angel_id, days_late, total, 0, 0
FROM rollup_recent WHERE grain IN (0, 2, 4) AND days_late > 0 AND total <> 0;
UPDATE rollup_recent SET on_time = CASE WHEN days_late = 0 THEN total ELSE 0 END, days_late = 0
WHERE grain IN (0, 2, 4);

-- The commit under whose number the months and years of this one are kept.
ALTER TABLE rollup_waiting ADD COLUMN gathered_by bigint;

CREATE OR REPLACE VIEW bi_atendimentos_por_dia AS
SELECT dia, polos.name AS polo, polos.uf, angels.name AS angel, atendimentos, no_prazo, segundos_de_antecedencia
FROM (
    SELECT block AS dia, polo_id, angel_id, sum(total)::bigint AS atendimentos,
           sum(on_time)::bigint AS no_prazo, sum(seconds)::bigint AS segundos_de_antecedencia
    FROM (
        SELECT block, polo_id, angel_id, total, on_time, seconds FROM rollup WHERE grain = 0
        UNION ALL
        SELECT block, polo_id, angel_id, total, on_time, seconds FROM rollup_recent WHERE grain = 0
    ) AS cells
    GROUP BY 1, 2, 3 HAVING sum(total) <> 0
) AS days
JOIN polos ON polos.id = polo_id JOIN angels ON angels.id = angel_id;

CREATE OR REPLACE VIEW bi_atrasos_por_dia AS
SELECT dia, polos.name AS polo, polos.uf, angels.name AS angel, dias_de_atraso, atendimentos
FROM (
    SELECT block AS dia, polo_id, angel_id, days_late AS dias_de_atraso, sum(total)::bigint AS atendimentos
    FROM (
        SELECT block, polo_id, angel_id, days_late, total FROM rollup_late WHERE grain = 0
        UNION ALL
        SELECT block, polo_id, angel_id, days_late, total FROM rollup_recent WHERE grain = 10
    ) AS cells
    GROUP BY 1, 2, 3, 4 HAVING sum(total) <> 0
) AS days
JOIN polos ON polos.id = polo_id JOIN angels ON angels.id = angel_id
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup")
