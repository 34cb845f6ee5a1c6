-- Deletes the visits that load $1 inserted, and keeps their sums by day in changed_visits, all of them negative.
-- Answers their number, and how many of them had been changed since.
WITH gone AS (
    DELETE FROM services WHERE load_id = $1
    RETURNING angel_id, polo_id, data_limite, data_de_atendimento, updated_by_load
), summed AS (
    INSERT INTO changed_visits (day, open, polo_id, angel_id, days_late, total, seconds)
    SELECT COALESCE(data_de_atendimento::date, data_limite), data_de_atendimento IS NULL, polo_id, angel_id,
           COALESCE(GREATEST(data_de_atendimento::date - data_limite, 0), 0), -count(*),
           -COALESCE(sum(EXTRACT(epoch FROM data_limite::timestamp - data_de_atendimento)), 0)::bigint
    FROM gone GROUP BY 1, 2, 3, 4, 5
)
SELECT count(*) AS removed, count(updated_by_load) AS changed FROM gone
