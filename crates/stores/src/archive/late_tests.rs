use super::*;
use domain::ids::{AppId, AppKey, DocumentName, TenantId};
use std::time::Duration;

const OWNER: Generation = Generation(3);
const NEXT: Generation = Generation(4);

fn document(name: &str) -> DocumentKey {
    let app = AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() };
    DocumentKey { app, name: DocumentName::parse(name).unwrap() }
}

fn state(text: &str) -> Bytes {
    Bytes::from(text.to_owned())
}

/// Begins and fails once.
fn failed(late: &mut LateStates, name: &str, content: Bytes) -> Then {
    let attempt = late.begin(&document(name), OWNER, content).unwrap();
    late.end(&attempt, Ended::Failed)
}

#[test]
fn what_is_archived_is_late_no_more() {
    let mut late = LateStates::default();
    let attempt = late.begin(&document("d"), OWNER, state("1")).unwrap();
    assert_eq!(late.end(&attempt, Ended::Archived), Then::Nothing);
    assert_eq!(late.release(&document("d"), OWNER), Release::Archived);
    assert_eq!((late.documents.len(), late.waiting()), (0, 0));
}

#[test]
fn a_release_waits_for_the_state_that_is_late() {
    let mut late = LateStates::default();
    assert_eq!(failed(&mut late, "d", state("1")), Then::TryLater);
    assert_eq!(late.release(&document("d"), OWNER), Release::Later);
    let again = late.begin_again().unwrap();
    assert_eq!((again.state.clone(), again.released), (state("1"), true));
    assert_eq!(late.end(&again, Ended::Archived), Then::TellRelease);
}

#[test]
fn a_newer_state_follows_the_one_that_is_being_put() {
    let mut late = LateStates::default();
    let first = late.begin(&document("d"), OWNER, state("1")).unwrap();
    assert_eq!(late.begin(&document("d"), OWNER, state("2")), Err(NotBegun::Follows));
    assert_eq!(late.begin_again(), None, "one attempt at a time");
    assert_eq!(late.end(&first, Ended::Archived), Then::TryLater);
    let second = late.begin_again().unwrap();
    assert_eq!(second.state, state("2"));
    assert_eq!(late.end(&second, Ended::Archived), Then::Nothing);
}

#[test]
fn an_earlier_owners_state_does_not_replace_a_later_ones() {
    let mut late = LateStates::default();
    let attempt = late.begin(&document("d"), NEXT, state("2")).unwrap();
    late.end(&attempt, Ended::Failed);
    assert_eq!(late.begin(&document("d"), OWNER, state("1")), Err(NotBegun::Stale(NEXT)));
    assert_eq!(late.release(&document("d"), OWNER), Release::Archived, "the inner store refuses it");
    assert_eq!(late.begin_again().unwrap().state, state("2"));
}

#[test]
fn a_later_owner_takes_the_late_state_over() {
    let mut late = LateStates::default();
    failed(&mut late, "d", state("1"));
    late.release(&document("d"), OWNER);
    assert_eq!(late.adopt(&document("d"), NEXT), Some(state("1")));
    let again = late.begin_again().unwrap();
    assert_eq!((again.generation, again.released), (NEXT, false));
    assert_eq!(late.end(&again, Ended::Archived), Then::Nothing);
}

#[test]
fn what_is_being_put_when_a_later_owner_comes_is_put_again_as_his() {
    let mut late = LateStates::default();
    let attempt = late.begin(&document("d"), OWNER, state("1")).unwrap();
    assert_eq!(late.adopt(&document("d"), NEXT), Some(state("1")));
    assert_eq!(late.end(&attempt, Ended::Superseded), Then::TryLater);
    assert_eq!(late.begin_again().unwrap().generation, NEXT);
}

#[test]
fn the_state_that_was_tried_least_is_next() {
    let mut late = LateStates::default();
    for name in ["a", "b", "c"] {
        failed(&mut late, name, state(name));
    }
    let mut order = Vec::new();
    for _ in 0..6 {
        let attempt = late.begin_again().unwrap();
        late.end(&attempt, Ended::Failed);
        order.push(attempt.state);
    }
    assert_eq!(order, ["a", "b", "c", "a", "b", "c"]);
}

#[test]
fn states_wait_up_to_the_bound_of_bytes_and_not_past_it() {
    let mut late = LateStates::default();
    let half = Bytes::from(vec![0; LATE_BYTES_MAX / 2]);
    assert_eq!(failed(&mut late, "a", half.clone()), Then::TryLater);
    assert_eq!(failed(&mut late, "b", half.clone()), Then::TryLater);
    assert_eq!(failed(&mut late, "c", state("1")), Then::NoRoom);
    assert_eq!(late.release(&document("c"), OWNER), Release::Never, "the inner store keeps it");
    late.begin(&document("a"), OWNER, state("smaller")).unwrap();
    assert_eq!(failed(&mut late, "c", state("1")), Then::TryLater, "there is room again");
}

#[test]
fn states_wait_up_to_the_bound_of_documents_and_not_past_it() {
    let mut late = LateStates::default();
    for n in 0..LATE_DOCUMENTS_MAX {
        assert_eq!(failed(&mut late, &n.to_string(), state("1")), Then::TryLater);
    }
    assert_eq!(failed(&mut late, "one more", state("1")), Then::NoRoom);
    assert_eq!(late.waiting(), LATE_DOCUMENTS_MAX);
}

#[test]
fn while_no_more_can_be_noted_nothing_is_released() {
    let mut late = LateStates::default();
    let half = Bytes::from(vec![0; LATE_BYTES_MAX]);
    failed(&mut late, "full", half);
    for n in 1..UNARCHIVED_MAX {
        assert_eq!(failed(&mut late, &n.to_string(), state("1")), Then::NoRoom);
    }
    assert_eq!(late.documents.len(), UNARCHIVED_MAX);
    assert_eq!(failed(&mut late, "one more", state("1")), Then::NoRoom);
    assert_eq!(late.documents.len(), UNARCHIVED_MAX);
    assert_eq!(late.release(&document("one more"), OWNER), Release::Never);
}

#[tokio::test(start_paused = true)]
async fn what_was_noted_is_forgotten_when_its_owner_had_time_to_release_it() {
    let mut late = LateStates::default();
    failed(&mut late, "full", Bytes::from(vec![0; LATE_BYTES_MAX]));
    failed(&mut late, "d", state("1"));
    late.forget_the_forgotten();
    assert_eq!(late.documents.len(), 2);
    tokio::time::advance(NOTED_FOR).await;
    late.forget_the_forgotten();
    assert_eq!(late.release(&document("d"), OWNER), Release::Archived);
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_to_be_kept_now_and_then_and_a_part_of_it_at_once() {
    let mut late = LateStates::default();
    for name in ["a", "b", "c"] {
        failed(&mut late, name, state("1"));
    }
    assert_eq!(late.unkept(9), []);
    tokio::time::advance(CHECK_EVERY).await;
    let some = late.unkept(2);
    assert_eq!(some.len(), 2);
    for (document, generation) in some {
        assert_eq!(generation, OWNER);
        late.kept(&document);
    }
    assert_eq!(late.unkept(2).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_state_is_given_up_after_its_time() {
    let mut late = LateStates::default();
    failed(&mut late, "d", state("1"));
    late.release(&document("d"), OWNER);
    tokio::time::advance(GIVEN_UP_AFTER - Duration::from_secs(1)).await;
    let attempt = late.begin_again().unwrap();
    assert_eq!(late.end(&attempt, Ended::Failed), Then::TryLater);
    tokio::time::advance(Duration::from_secs(1)).await;
    let attempt = late.begin_again().unwrap();
    assert_eq!(late.end(&attempt, Ended::Failed), Then::GiveUp);
    assert_eq!((late.documents.len(), late.waiting(), late.waiting_bytes), (0, 0, 0));
}
