-- Deletes the visits that load $1 inserted, and keeps in changed_visits what that does to the sums by day.
-- Answers their number, and how many of them had been changed since.
WITH gone AS (
    DELETE FROM services WHERE load_id = $1
    RETURNING {ids}, data_limite, data_de_atendimento, updated_by_load
), signed AS (
    SELECT -1 AS sign, {ids}, data_limite, data_de_atendimento FROM gone
), summed AS (
    INSERT INTO changed_visits (day, open, {keys}, {sums})
{sum_signed_visits}
)
SELECT count(*) AS removed, count(updated_by_load) AS changed FROM gone
