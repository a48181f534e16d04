use super::*;

const A: SessionId = SessionId(1);
const B: SessionId = SessionId(2);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A roster that sessions A and B have joined, at 0.
fn roster() -> Roster {
    let mut roster = Roster::default();
    roster.join(A, ms(0));
    roster.join(B, ms(0));
    roster
}

fn take(
    roster: &mut Roster,
    session: SessionId,
    client: u64,
    clock: u64,
    state: &str,
    now: u64,
) -> Option<Vec<u8>> {
    let update = codec::write([Entry { client, clock, state }].into_iter());
    roster.hear(session, ms(now));
    roster.take(session, &update, ms(now), &Caps::default()).unwrap()
}

fn entries(update: Option<Vec<u8>>) -> Vec<(u64, u64, String)> {
    let update = update.unwrap_or_else(|| vec![0]);
    let checked = Checked::new(&update, &Caps::default()).unwrap();
    checked.map(|entry| (entry.client, entry.clock, entry.state.to_owned())).collect()
}

/// What the next frame tells.
fn flushed(roster: &mut Roster, now: u64) -> Vec<(u64, u64, String)> {
    entries(roster.flush(ms(now), &Caps::default()))
}

fn shown(client: u64, clock: u64, state: &str) -> (u64, u64, String) {
    (client, clock, state.to_owned())
}

#[test]
fn a_newer_clock_wins_and_at_the_same_clock_a_removal() {
    let mut roster = roster();
    take(&mut roster, A, 7, 3, "1", 0);
    assert_eq!(flushed(&mut roster, 0), [shown(7, 3, "1")]);
    take(&mut roster, A, 7, 3, "2", 0);
    take(&mut roster, A, 7, 2, "3", 0);
    assert_eq!(flushed(&mut roster, 0), []);
    take(&mut roster, A, 7, 4, "4", 0);
    take(&mut roster, A, 7, 4, "null", 0);
    assert_eq!(flushed(&mut roster, 0), [shown(7, 4, "null")]);
    take(&mut roster, A, 7, 5, "null", 0);
    assert_eq!(flushed(&mut roster, 0), []);
    take(&mut roster, A, 7, 6, "5", 0);
    assert_eq!(flushed(&mut roster, 0), [shown(7, 6, "5")]);
}

#[test]
fn the_first_change_after_quiet_is_due_at_once_and_the_next_a_tick_later() {
    let (mut roster, caps) = (roster(), Caps::default());
    assert_eq!(roster.due(&caps), None);
    take(&mut roster, A, 7, 1, "1", 1000);
    assert_eq!(roster.due(&caps), Some(ms(1000)));
    flushed(&mut roster, 1000);
    assert_eq!(roster.due(&caps), None);
    take(&mut roster, A, 7, 2, "2", 1010);
    take(&mut roster, B, 8, 1, "3", 1020);
    take(&mut roster, A, 7, 3, "4", 1030);
    assert_eq!(roster.due(&caps), Some(ms(1050)));
    assert_eq!(flushed(&mut roster, 1050), [shown(7, 3, "4"), shown(8, 1, "3")]);
    take(&mut roster, A, 7, 4, "5", 5000);
    assert_eq!(roster.due(&caps), Some(ms(5000)));
}

#[test]
fn a_session_speaks_for_its_own_clients_only() {
    let mut roster = roster();
    take(&mut roster, A, 7, 1, "1", 0);
    flushed(&mut roster, 0);
    take(&mut roster, B, 7, 2, "2", 1);
    take(&mut roster, B, 7, 1, "null", 1);
    take(&mut roster, B, 9, 1, "null", 1);
    assert_eq!(flushed(&mut roster, 1), []);
}

#[test]
fn a_client_is_taken_over_with_a_newer_clock_when_its_owner_is_silent_or_gone() {
    let mut roster = roster();
    take(&mut roster, A, 7, 1, "1", 0);
    take(&mut roster, B, 7, 2, "2", 19_999);
    assert_eq!(flushed(&mut roster, 19_999), [shown(7, 1, "1")]);
    take(&mut roster, B, 7, 1, "2", 20_000);
    assert_eq!(flushed(&mut roster, 20_000), []);
    take(&mut roster, B, 7, 2, "2", 20_000);
    assert_eq!(flushed(&mut roster, 20_000), [shown(7, 2, "2")]);
    // A speaks for it no longer, and takes nothing with it.
    take(&mut roster, A, 7, 3, "3", 20_001);
    roster.leave(A, ms(20_001));
    assert_eq!(flushed(&mut roster, 20_001), []);
    roster.join(A, ms(20_002));
    roster.leave(B, ms(20_002));
    take(&mut roster, A, 7, 4, "4", 20_002);
    assert_eq!(flushed(&mut roster, 20_002), [shown(7, 4, "4")]);
}

#[test]
fn leaving_removes_a_sessions_clients_with_the_next_clock() {
    let mut roster = roster();
    take(&mut roster, A, 7, 5, "1", 0);
    take(&mut roster, B, 8, 1, "2", 0);
    flushed(&mut roster, 0);
    roster.leave(A, ms(100));
    assert_eq!(roster.due(&Caps::default()), Some(ms(100)));
    assert_eq!(flushed(&mut roster, 100), [shown(7, 6, "null")]);
    assert_eq!(entries(roster.everything().map(|update| update.to_vec())), [shown(8, 1, "2")]);
}

#[test]
fn a_client_that_returns_with_an_old_clock_is_told_that_it_was_removed() {
    let mut roster = roster();
    take(&mut roster, A, 7, 5, "1", 0);
    roster.leave(A, ms(1));
    flushed(&mut roster, 1);
    assert_eq!(entries(take(&mut roster, B, 7, 5, "1", 2)), [shown(7, 6, "null")]);
    // A stock client raises its clock above that, and is seen again.
    assert_eq!(take(&mut roster, B, 7, 7, "1", 3), None);
    assert_eq!(flushed(&mut roster, 3), [shown(7, 7, "1")]);
}

#[test]
fn removed_clients_are_forgotten_in_time_and_free_their_place_then() {
    let mut roster = roster();
    for client in 0..100 {
        take(&mut roster, A, client, 1, "1", 0);
        take(&mut roster, A, client, 1, "null", 0);
    }
    assert_eq!(flushed(&mut roster, 0).len(), Caps::default().awareness_clients_max);
    take(&mut roster, A, 200, 1, "1", 1);
    assert_eq!(flushed(&mut roster, 1), []);
    take(&mut roster, B, 300, 1, "1", 2);
    flushed(&mut roster, 60_000);
    assert_eq!(roster.clients.len(), 1);
    take(&mut roster, A, 200, 1, "1", 60_001);
    assert_eq!(flushed(&mut roster, 60_001), [shown(200, 1, "1")]);
}

#[test]
fn past_the_bytes_of_the_document_states_are_ignored() {
    let (mut roster, caps) = (roster(), Caps { awareness_bytes_max: 10, ..Caps::default() });
    let mut take = |client, clock, state: &str| {
        let update = codec::write([Entry { client, clock, state }].into_iter());
        roster.take(A, &update, ms(0), &caps).unwrap();
        roster.state_bytes
    };
    assert_eq!(take(1, 1, "12345"), 5);
    assert_eq!(take(2, 1, "123456"), 5);
    assert_eq!(take(2, 1, "12345"), 10);
    assert_eq!(take(2, 2, "123456"), 10);
    assert_eq!(take(1, 2, "null"), 5);
}

#[test]
fn without_sessions_nothing_is_remembered() {
    let mut roster = roster();
    take(&mut roster, A, 7, 5, "1", 0);
    roster.leave(B, ms(1));
    roster.leave(A, ms(1));
    assert_eq!(roster.due(&Caps::default()), None);
    roster.join(B, ms(2));
    assert_eq!(roster.everything(), None);
}
