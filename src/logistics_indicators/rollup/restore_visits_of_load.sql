-- Gives the visits that load $1 was the last to change their values before it again, and keeps in changed_visits what
-- that does to the sums by day. Answers their number, and how many others the load had updated.
-- What is given back is declared in loads/kinds.py; what follows are the numbers that the sums are made of.
-- sign is named by AS and not in a list behind signed, where Citus does not find it.
WITH restored AS (
    UPDATE services AS s
    SET {values_before}
    FROM services_before AS before JOIN services AS now ON now.id = before.id
    WHERE before.load_id = $1 AND s.id = before.id AND s.updated_by_load = $1
    RETURNING {ids_before}, before.data_limite, before.data_de_atendimento,
              {named_ids_now}, now.data_limite AS limit_now, now.data_de_atendimento AS done_now
), moved AS (
    SELECT * FROM restored
    WHERE ({ids}, data_limite, data_de_atendimento) IS DISTINCT FROM ({ids_now}, limit_now, done_now)
), signed AS (
    SELECT 1 AS sign, {ids}, data_limite, data_de_atendimento FROM moved
    UNION ALL
    SELECT -1, {ids_now}, limit_now, done_now FROM moved
), summed AS (
    INSERT INTO changed_visits (day, open, {keys}, {sums})
{sum_signed_visits}
)
SELECT count(*) AS restored, (SELECT count(*) FROM services_before WHERE load_id = $1) - count(*) AS kept FROM restored
