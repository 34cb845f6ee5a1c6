-- Keeps in changed_visits what the visits in signed do to the sums by day: part of the statements that change visits.
-- Among writers' SQL it alone says what a visit's day, days late and seconds are. For frames cells.py says it.
    INSERT INTO changed_visits (day, open, {ids}, days_late, total, seconds)
    SELECT COALESCE(data_de_atendimento::date, data_limite) AS day, data_de_atendimento IS NULL AS open, {ids},
           COALESCE(GREATEST(data_de_atendimento::date - data_limite, 0), 0) AS days_late, sum(sign),
           COALESCE(sum(sign * EXTRACT(epoch FROM data_limite::timestamp - data_de_atendimento)), 0)::bigint
    FROM signed GROUP BY day, open, {ids}, days_late, sign
