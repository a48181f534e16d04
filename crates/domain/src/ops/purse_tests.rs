use super::*;
use crate::bounds::{KNOWN_FULL, OPS_PROBE, OPS_RETURN_WAIT};
use crate::ports::Mark;

const LIMIT: u64 = 100;
const START: Duration = Duration::from_secs(1_000);
const MS: Duration = Duration::from_millis(1);

struct Low;

impl Entropy for Low {
    fn next_u64(&self) -> u64 {
        0
    }
}

/// A purse, a gate of so much room, and a clock.
struct Desk {
    purse: Purse<u32>,
    room: u64,
    now: Duration,
    purchases: u64,
    returned: u64,
}

impl Desk {
    fn new(room: u64) -> Self {
        Self { purse: Purse::default(), room, now: START, purchases: 0, returned: 0 }
    }

    /// Does what is due, as a gate that answers at once.
    fn drive(&mut self) -> Step {
        loop {
            match self.purse.next_step(self.now) {
                Step::Call(Call::Buy(purchase)) => self.grant(purchase),
                Step::Call(Call::GiveBack(back)) => {
                    self.room += back.count;
                    self.returned += back.count;
                    self.purse.returned();
                }
                step => return step,
            }
        }
    }

    fn grant(&mut self, purchase: Purchase) {
        let count = purchase.want.granted(self.room);
        self.room -= count;
        self.purchases += 1;
        self.purse.granted(purchase, Grant { count, mark: Mark(self.purchases) }, self.now);
    }

    fn purchase(&mut self) -> Purchase {
        match self.purse.next_step(self.now) {
            Step::Call(Call::Buy(purchase)) => purchase,
            step => panic!("{step:?}"),
        }
    }

    /// An op that waits where it must.
    fn op(&mut self, limit: u64) -> Verdict {
        if let Some(verdict) = self.purse.take(limit, self.now) {
            self.drive();
            return verdict;
        }
        self.purse.wait(0, 1, limit);
        loop {
            let step = self.drive();
            if let Some((_, verdict)) = self.purse.next_verdict() {
                return verdict;
            }
            match step {
                Step::Wait { until } => self.now = until,
                step => panic!("nobody serves who waits: {step:?}"),
            }
        }
    }

    fn passes(&mut self, limit: u64) -> bool {
        matches!(self.op(limit), Verdict::Pass(_))
    }

    fn token(&mut self) -> Token {
        match self.op(LIMIT) {
            Verdict::Pass(token) => token,
            verdict => panic!("{verdict:?}"),
        }
    }
}

#[test]
fn on_one_node_the_limit_is_exact_to_the_op() {
    for pause in [Duration::ZERO, MS, MS * 40, MS * 300] {
        let mut desk = Desk::new(LIMIT);
        for op in 1..=LIMIT {
            assert!(desk.passes(LIMIT), "op {op} with {pause:?} between them");
            desk.now += pause;
        }
        assert_eq!(desk.op(LIMIT), Verdict::Full);
    }
}

#[test]
fn a_busy_app_buys_about_five_times_a_second_and_waits_for_none_of_it() {
    let mut desk = Desk::new(u64::MAX / 2);
    let mut waited = 0;
    for tick in 0..40_000 {
        if tick == 20_000 {
            (desk.purchases, waited) = (0, 0);
        }
        desk.now += MS / 10;
        if desk.purse.take(LIMIT, desk.now).is_none() {
            waited += 1;
            assert!(desk.passes(LIMIT));
        }
        // The gate is as slow as it may be without being taken for away.
        if tick % 500 == 0 {
            desk.drive();
        }
    }
    assert_eq!(waited, 0);
    assert!((8..=16).contains(&desk.purchases), "{} purchases in 2 s", desk.purchases);
}

#[test]
fn an_app_that_falls_silent_gives_back_what_it_has() {
    let mut desk = Desk::new(LIMIT);
    for _ in 0..40 {
        assert!(desk.passes(LIMIT));
        desk.now += MS;
    }
    while let Step::Wait { until } = desk.drive() {
        desk.now = until;
    }
    assert!(desk.returned > 0);
    assert_eq!(desk.room, LIMIT - 40);
    assert!(desk.purse.is_unused(desk.now));
}

#[test]
fn a_token_that_was_not_used_serves_the_next() {
    let mut desk = Desk::new(1);
    let token = desk.token();
    assert_eq!(desk.purse.take(LIMIT, desk.now), None);
    desk.purse.wait(7, 1, LIMIT);
    desk.purse.put_back(token, desk.now);
    assert!(matches!(desk.purse.next_verdict(), Some((7, Verdict::Pass(_)))));
}

#[test]
fn a_token_that_is_put_back_after_its_end_goes_to_the_gate() {
    let mut desk = Desk::new(1);
    let token = desk.token();
    desk.now += OPS_SPENT_WITHIN;
    desk.purse.put_back(token, desk.now);
    desk.drive();
    assert_eq!(desk.room, 1);
}

#[test]
fn a_lot_ends_that_long_after_its_purchase_was_sent_however_late_the_answer() {
    let mut desk = Desk::new(10);
    desk.purse.wait(0, 5, LIMIT);
    let purchase = desk.purchase();
    desk.now = START + OPS_SPENT_WITHIN - MS;
    desk.grant(purchase);
    assert!(matches!(desk.purse.next_verdict(), Some((0, Verdict::Pass(_)))));
    assert!(matches!(desk.purse.take(LIMIT, desk.now), Some(Verdict::Pass(_))));
    assert_eq!(desk.purse.take(LIMIT, START + OPS_SPENT_WITHIN), None);
}

#[test]
fn all_who_wait_join_one_purchase() {
    let mut desk = Desk::new(LIMIT);
    (0..3).for_each(|who| desk.purse.wait(who, 2, LIMIT));
    let purchase = desk.purchase();
    desk.purse.wait(3, 2, LIMIT);
    assert_eq!((purchase.want.need, desk.purse.next_step(desk.now)), (6, Step::Rest));
    desk.grant(purchase);
    let served: Vec<u32> = std::iter::from_fn(|| desk.purse.next_verdict()).map(|(who, _)| who).collect();
    assert_eq!((served, desk.purchases), (vec![0, 1, 2, 3], 1));
}

#[test]
fn who_came_after_a_purchase_was_sent_is_not_refused_by_it() {
    let mut desk = Desk::new(1);
    desk.purse.wait(0, 1, LIMIT);
    let purchase = desk.purchase();
    desk.purse.wait(1, 1, LIMIT);
    desk.grant(purchase);
    assert!(matches!(desk.purse.next_verdict(), Some((0, Verdict::Pass(_)))));
    assert_eq!(desk.purse.next_verdict(), None);
    desk.room = 1;
    desk.drive();
    assert!(matches!(desk.purse.next_verdict(), Some((1, Verdict::Pass(_)))));
}

#[test]
fn before_a_refusal_others_have_a_moment_to_return_what_they_hold() {
    let mut desk = Desk::new(0);
    desk.purse.wait(0, 1, LIMIT);
    assert_eq!(desk.drive(), Step::Wait { until: START + OPS_RETURN_WAIT });
    desk.room = 1;
    desk.now += OPS_RETURN_WAIT;
    desk.drive();
    assert!(matches!(desk.purse.next_verdict(), Some((0, Verdict::Pass(_)))));
}

#[test]
fn an_offender_that_keeps_asking_costs_few_purchases_and_holds_nobody_up() {
    let mut desk = Desk::new(0);
    let mut held_up = Duration::ZERO;
    for _ in 0..10_000 {
        let asked = desk.now;
        assert_eq!(desk.op(LIMIT), Verdict::Full);
        held_up += desk.now - asked;
        desk.now += MS;
    }
    let seconds = (desk.now - START).as_secs();
    assert!(desk.purchases <= 6 * seconds, "{} purchases in {seconds} s", desk.purchases);
    assert!(held_up <= OPS_RETURN_WAIT * u32::try_from(seconds).unwrap(), "{held_up:?} in {seconds} s");
}

#[test]
fn a_known_full_app_is_asked_for_again_after_a_while_or_under_a_higher_limit() {
    let mut desk = Desk::new(0);
    assert_eq!(desk.op(LIMIT), Verdict::Full);
    desk.room = 2;
    assert_eq!(desk.purse.take(LIMIT, desk.now), Some(Verdict::Full));
    assert!(desk.passes(LIMIT + 1));
    desk.now += KNOWN_FULL;
    assert!(desk.passes(LIMIT));
}

#[test]
fn each_op_is_held_to_its_own_limit() {
    let mut desk = Desk::new(LIMIT);
    desk.purse.wait(0, 3, LIMIT);
    desk.drive();
    assert!(matches!(desk.purse.next_verdict(), Some((0, Verdict::Pass(_)))));
    assert_eq!(desk.purse.take(LIMIT - 1, desk.now), None, "what is left was bought under a higher limit");
    desk.purse.wait(1, 1, LIMIT - 1);
    let purchase = desk.purchase();
    assert_eq!(purchase.window.limit, LIMIT - 1);
    desk.grant(purchase);
    assert!(matches!(desk.purse.next_verdict(), Some((1, Verdict::Pass(_)))));
    assert_eq!(desk.op(0), Verdict::Full);
}

#[test]
fn while_the_gate_is_away_nobody_waits_and_the_own_share_bounds() {
    let mut desk = Desk::new(LIMIT);
    (0..3).for_each(|who| desk.purse.wait(who, 1, LIMIT));
    desk.purchase();
    desk.purse.unanswered(desk.now, &Low);
    assert!((0..3).all(|_| matches!(desk.purse.next_verdict(), Some((_, Verdict::Away)))));
    let mut passed = 0;
    for _ in 0..LIMIT {
        assert_eq!(desk.purse.take(LIMIT, desk.now), Some(Verdict::Away));
        passed += u64::from(desk.purse.take_own_share(LIMIT, 3, desk.now).is_some());
    }
    assert_eq!(passed, LIMIT.div_ceil(3));
    assert_eq!(desk.purse.next_step(desk.now), Step::Wait { until: desk.now + OPS_PROBE.0 / 2 });
}

#[test]
fn what_passed_while_the_gate_was_away_is_bought_once_it_is_back() {
    let mut desk = Desk::new(LIMIT);
    desk.purse.wait(0, 1, LIMIT);
    desk.purchase();
    desk.purse.unanswered(desk.now, &Low);
    for _ in 0..10 {
        assert!(desk.purse.take_own_share(LIMIT, 1, desk.now).is_some());
    }
    desk.now += OPS_PROBE.0;
    let probe = desk.purchase();
    desk.grant(probe);
    let bought = desk.purse.lots.left();
    assert_eq!(desk.room + bought, LIMIT - 10);
    assert!(
        matches!(desk.purse.take(LIMIT, desk.now), Some(Verdict::Pass(token)) if !token.is_of_own_share())
    );
}

#[test]
fn a_late_answer_is_given_back_and_does_not_bring_the_gate_back() {
    let mut desk = Desk::new(LIMIT);
    desk.purse.wait(0, 1, LIMIT);
    let purchase = desk.purchase();
    desk.purse.unanswered(desk.now, &Low);
    desk.now += OPS_SPENT_WITHIN;
    desk.purse.granted_late(purchase, Grant { count: 5, mark: Mark(9) }, desk.now);
    assert_eq!(desk.purse.take(LIMIT, desk.now), Some(Verdict::Away));
    assert!(desk.purse.take_own_share(LIMIT, 1, desk.now).is_some());
    desk.now += OPS_PROBE.0;
    desk.drive();
    assert_eq!(desk.returned, 5);
}
