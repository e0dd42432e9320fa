-- Memberships. The administrator of a group is a member without a row here, unless the user joined.
--
-- No foreign key: a join locks the row of its group anyway, and a delete of a group deletes its memberships, so the check
-- of each row would prove nothing new.
CREATE TABLE members (
    group_id  INTEGER NOT NULL,
    user_id   INTEGER NOT NULL CHECK (user_id >= 1),
    -- Microseconds since 1970-01-01T00:00:00Z.
    joined_at INTEGER NOT NULL,
    PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;

-- Finds the groups of a user, in the order of their ids.
CREATE INDEX members_user_id ON members (user_id, group_id);
