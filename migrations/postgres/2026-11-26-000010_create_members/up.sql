-- Memberships. The administrator of a group is a member without a row here, unless the user joined.
--
-- No foreign key: a join locks the row of its group anyway, and a delete of a group deletes its memberships, so the check
-- of each row would prove nothing new. On PostgreSQL it took as long as the insert of a batch of joins itself.
CREATE TABLE members (
    group_id  bigint NOT NULL,
    user_id   bigint NOT NULL CHECK (user_id >= 1),
    joined_at timestamptz NOT NULL,
    PRIMARY KEY (group_id, user_id)
);

-- Finds the groups of a user, in the order of their ids.
CREATE INDEX members_user_id ON members (user_id, group_id);
