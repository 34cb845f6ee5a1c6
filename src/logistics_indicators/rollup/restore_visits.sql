-- Gives the visits that load $1 was the last to change their values before it again: part of the statements that restore.
    UPDATE services AS s
    SET id_cliente = b.id_cliente, ({ids}) = ({ids_of_b}), data_limite = b.data_limite,
        data_de_atendimento = b.data_de_atendimento, updated_by_load = b.updated_by_load
    FROM services_before AS b JOIN services AS now ON now.id = b.id
    WHERE b.load_id = $1 AND s.id = b.id AND s.updated_by_load = $1
    RETURNING {ids_of_b}, b.data_limite, b.data_de_atendimento, {ids_of_now}, now.data_limite, now.data_de_atendimento
