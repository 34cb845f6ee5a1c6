-- What the visits in signed do to the sums by day, for changed_visits: part of the statements that change visits.
-- A visit's numbers are those of tables.py. For frames cells.py does the same.
    SELECT COALESCE(data_de_atendimento::date, data_limite) AS day, data_de_atendimento IS NULL AS open, {ids},
           {apart}, {added}
    FROM signed GROUP BY day, open, {keys}, sign
