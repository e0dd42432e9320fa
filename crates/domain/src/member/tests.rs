use super::*;
use crate::{
    group::{Expected, GroupChange, Version},
    limits::Limit,
    testing::{at, group, group_change},
};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn user(id: i64) -> UserId {
    UserId::new(id).unwrap()
}

fn request(user_id: i64, token: Option<&str>) -> NewMember {
    NewMember {
        group_id: GroupId::new(7).unwrap(),
        user_id: user(user_id),
        token: token.map(|token| GroupToken::parse(token).unwrap()),
        joined_at: at(100),
    }
}

fn member(user_id: i64, role: Role, joined_at: Timestamp) -> Member {
    Member { group_id: GroupId::new(7).unwrap(), user_id: user(user_id), role, joined_at }
}

#[test]
fn a_user_joins_by_the_token_or_without_one() {
    let group = group(7, "g", "t", 1);
    for token in [Some("t"), None] {
        assert_eq!(
            group.join(&request(2, token), None, 1, &Limits::default()),
            Ok(Joined { member: member(2, Role::Member, at(100)), is_new: true })
        );
    }
}

#[test]
fn a_wrong_token_is_refused_even_for_a_member() {
    let group = group(7, "g", "t", 1);
    for (user, joined_at) in [(1, None), (2, None), (2, Some(at(50)))] {
        assert_eq!(
            group.join(&request(user, Some("u")), joined_at, 1, &Limits::default()),
            Err(RefusedJoin::WrongToken)
        );
    }
}

#[test]
fn a_member_joins_again_without_effect_even_if_the_group_is_full() {
    let group = group(7, "g", "t", 1);
    let limits = Limits { members_per_group: Limit(1), ..Limits::default() };
    let joined = |user, joined_at| group.join(&request(user, Some("t")), joined_at, 5, &limits);
    let existing = |member| Ok(Joined { member, is_new: false });
    assert_eq!(joined(2, Some(at(50))), existing(member(2, Role::Member, at(50))));
    assert_eq!(joined(1, None), existing(member(1, Role::Administrator, group.created_at)));
    assert_eq!(joined(1, Some(at(50))), existing(member(1, Role::Administrator, at(50))));
}

#[test]
fn a_full_group_refuses_a_new_member() {
    let limits = Limits { members_per_group: Limit(2), ..Limits::default() };
    let joined = |members| group(7, "g", "t", 1).join(&request(2, None), None, members, &limits);
    assert!(joined(1).is_ok());
    assert_eq!(joined(2), Err(RefusedJoin::GroupFull(GroupFull)));
}

#[test]
fn a_member_leaves_and_the_administrator_does_not() {
    let group = group(7, "g", "t", 1);
    assert_eq!(group.leave(user(2), Some(at(50))), Ok(member(2, Role::Member, at(50))));
    assert_eq!(group.leave(user(2), None), Err(RefusedLeave::NotMember));
    for joined_at in [None, Some(at(50))] {
        assert_eq!(group.leave(user(1), joined_at), Err(RefusedLeave::Administrator));
    }
}

#[test]
fn a_hand_over_makes_both_administrators_members() {
    let before = group(7, "g", "t", 1);
    let after = before.apply(&group_change(None, None, Some(2)), &Expected::Any).unwrap();
    assert_eq!(
        before.memberships_of_hand_over(&after, at(100)),
        Some([member(1, Role::Member, before.created_at), member(2, Role::Administrator, at(100))])
    );
    assert_eq!(before.memberships_of_hand_over(&before, at(100)), None);
}

/// A change of a group or of its members.
#[derive(Debug, Clone)]
enum Step {
    Join { user: i64, right_token: bool },
    Leave(i64),
    HandOver(i64),
    Rename(String),
    NewToken(String),
}

fn step() -> impl Strategy<Value = Step> {
    let user = 1..6_i64;
    prop_oneof![
        (user.clone(), any::<bool>()).prop_map(|(user, right_token)| Step::Join { user, right_token }),
        user.clone().prop_map(Step::Leave),
        user.prop_map(Step::HandOver),
        "[ab]".prop_map(Step::Rename),
        "[ab]".prop_map(Step::NewToken),
    ]
}

/// A group with its memberships, changed only as the rules decide.
struct Model {
    group: Group,
    memberships: BTreeMap<UserId, Timestamp>,
    limits: Limits,
}

impl Model {
    fn members(&self) -> Vec<Member> {
        let administrator = self.group.member(self.group.admin_id, None);
        let without_membership =
            administrator.filter(|member| !self.memberships.contains_key(&member.user_id));
        let memberships =
            self.memberships.iter().map(|(&user, &at)| self.group.member(user, Some(at)).unwrap());
        memberships.chain(without_membership).collect()
    }

    fn count(&self) -> u64 {
        self.members().len() as u64
    }

    fn apply(&mut self, step: &Step, now: Timestamp) {
        match step {
            Step::Join { user: id, right_token } => {
                let token = if *right_token { self.group.token.as_str() } else { "wrong" };
                let new = NewMember { joined_at: now, ..request(*id, Some(token)) };
                let existing = self.memberships.get(&user(*id)).copied();
                match self.group.join(&new, existing, self.count(), &self.limits) {
                    Ok(Joined { member, is_new: true }) => {
                        self.memberships.insert(member.user_id, member.joined_at);
                    }
                    Ok(Joined { is_new: false, .. }) | Err(RefusedJoin::GroupFull(_)) => assert!(right_token),
                    Err(RefusedJoin::WrongToken) => assert!(!right_token),
                }
            }
            Step::Leave(id) => {
                if self.group.leave(user(*id), self.memberships.get(&user(*id)).copied()).is_ok() {
                    self.memberships.remove(&user(*id));
                }
            }
            Step::HandOver(id) => self.change(&group_change(None, None, Some(*id)), now),
            Step::Rename(name) => self.change(&group_change(Some(name), None, None), now),
            Step::NewToken(token) => self.change(&group_change(None, Some(token), None), now),
        }
    }

    fn change(&mut self, change: &GroupChange, now: Timestamp) {
        let changed = self.group.apply(change, &Expected::OneOf(vec![self.group.version])).unwrap();
        if let Some(memberships) = self.group.memberships_of_hand_over(&changed, now) {
            let is_member =
                self.group.member(changed.admin_id, self.memberships.get(&changed.admin_id).copied());
            if is_member.is_none() && self.limits.admit_member(self.count()).is_err() {
                return;
            }
            for member in memberships {
                self.memberships.entry(member.user_id).or_insert(member.joined_at);
            }
        }
        self.group = changed;
    }
}

proptest! {
    #[test]
    fn after_any_steps_the_administrator_is_a_member_and_no_user_is_listed_twice(
        steps in prop::collection::vec(step(), 0..60),
        limit in 0..4_u32,
    ) {
        let limits = Limits { members_per_group: Limit(limit), ..Limits::default() };
        let mut model = Model { group: group(7, "g", "t", 1), memberships: BTreeMap::new(), limits };
        for (now, step) in steps.iter().enumerate() {
            let before = model.group.clone();
            model.apply(step, at(i64::try_from(now).unwrap() + 10));
            let mut members = model.members();
            let administrators: Vec<_> =
                members.iter().filter(|member| member.role == Role::Administrator).map(|member| member.user_id).collect();
            prop_assert_eq!(administrators, vec![model.group.admin_id]);
            let count = members.len();
            members.sort_by_key(|member| member.user_id);
            members.dedup_by_key(|member| member.user_id);
            prop_assert_eq!(members.len(), count);
            prop_assert!(limit == 0 || members.len() <= limit as usize);
            let changed = Group { version: before.version, ..model.group.clone() } != before;
            prop_assert_eq!(model.group.version, if changed { before.version.next() } else { before.version });
            prop_assert!(model.group.version >= Version::FIRST);
        }
    }
}
