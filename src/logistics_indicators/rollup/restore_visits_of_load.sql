-- Gives the visits that load $1 was the last to change their values before it again, and keeps in changed_visits what
-- that does to the sums by day. Answers their number, and how many others the load had updated.
WITH restored AS (
    UPDATE services AS s
    SET id_cliente = b.id_cliente, angel_id = b.angel_id, polo_id = b.polo_id, data_limite = b.data_limite,
        data_de_atendimento = b.data_de_atendimento, updated_by_load = b.updated_by_load
    FROM services_before AS b JOIN services AS now ON now.id = b.id
    WHERE b.load_id = $1 AND s.id = b.id AND s.updated_by_load = $1
    RETURNING b.angel_id, b.polo_id, b.data_limite, b.data_de_atendimento,
        now.angel_id AS angel_now, now.polo_id AS polo_now, now.data_limite AS limit_now,
        now.data_de_atendimento AS done_now
), moved AS (
    SELECT * FROM restored
    WHERE (angel_id, polo_id, data_limite, data_de_atendimento)
        IS DISTINCT FROM (angel_now, polo_now, limit_now, done_now)
), signed (sign, angel_id, polo_id, data_limite, data_de_atendimento) AS (
    SELECT 1, angel_id, polo_id, data_limite, data_de_atendimento FROM moved
    UNION ALL
    SELECT -1, angel_now, polo_now, limit_now, done_now FROM moved
), summed AS (
    INSERT INTO changed_visits (day, open, polo_id, angel_id, days_late, total, seconds)
    SELECT COALESCE(data_de_atendimento::date, data_limite), data_de_atendimento IS NULL, polo_id, angel_id,
           COALESCE(GREATEST(data_de_atendimento::date - data_limite, 0), 0), sum(sign),
           COALESCE(sum(sign * EXTRACT(epoch FROM data_limite::timestamp - data_de_atendimento)), 0)::bigint
    FROM signed GROUP BY 1, 2, 3, 4, 5, sign
)
SELECT count(*) AS restored, (SELECT count(*) FROM services_before WHERE load_id = $1) - count(*) AS kept FROM restored
