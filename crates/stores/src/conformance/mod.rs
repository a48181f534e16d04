//! The contracts of the ports as tests: one function a clause, for any adapter.
//!
//! `stores::conformance!(ledger, fixture)` makes a `#[tokio::test]` of each clause of a port, on two threads so
//! that races are real. The fixture is an expression, which may await, and gives a fresh store as a pair: what
//! must live as long as the store (or `()`), and the store in an `Arc`. For `rate_gate` the store is itself a
//! pair, with what lets time pass, and for `documents_lost`, with what empties it. A clause panics where the adapter
//! breaks it.
#![allow(clippy::unwrap_used, reason = "a clause fails by panicking")]
#![allow(clippy::missing_panics_doc, reason = "a clause fails by panicking")]

pub mod alerts;
pub mod api_keys;
pub mod cluster;
pub mod documents;
pub mod documents_lost;
pub mod documents_restored;
mod ids;
pub mod ledger;
pub mod pins;
pub mod platform_log;
pub mod rate_gate;
pub mod refresh_families;
pub mod registry;
mod usage_late;
pub mod usage_log;
pub mod vault;

/// Makes a test of each clause of a port's contract; see [`mod@crate::conformance`].
#[macro_export]
macro_rules! conformance {
    (ledger, $fixture:expr) => {
        $crate::conformance_clauses!(ledger, $fixture,
            an_app_that_was_never_written_reads_empty
            a_write_changes_share_and_totals_together
            a_write_from_another_value_is_refused
            a_first_write_needs_that_no_share_stands
            a_write_takes_effect_at_its_bound_and_not_past_it
            what_does_not_grow_is_not_bounded
            a_repeated_write_is_refused_with_its_own_value
            a_late_copy_of_a_write_cannot_take_effect
            a_sealed_share_counts_nothing_and_stays
            only_a_sealed_share_is_forgotten
            racing_writers_never_pass_a_bound
            racing_copies_of_a_write_take_effect_once
            a_read_sees_every_write_that_was_answered
            apps_are_apart
        );
    };
    (cluster, $fixture:expr) => {
        $crate::conformance_clauses!(cluster, $fixture,
            a_node_is_known_when_it_is_announced
            announcing_again_replaces_the_record
            a_beat_replaces_the_record
            an_unknown_node_cannot_beat
            a_forgotten_node_cannot_beat
            a_beat_is_sighted_once_and_then_again_until_it_moves
            a_dead_or_unknown_node_is_not_sighted
            sighting_leaves_the_record_as_it_is
            a_fenced_node_cannot_beat
            a_fenced_life_cannot_be_announced_again
            a_new_life_is_another_node
            a_node_whose_beat_has_moved_is_not_fenced
            fencing_again_says_yes
            a_beat_and_a_fence_that_race_agree
            the_nodes_of_a_region_are_listed_fenced_ones_included
            what_a_node_holds_is_listed_until_it_is_let_go
            holding_twice_is_holding_once
            nodes_hold_apart
            a_dead_node_cannot_hold
            whoever_fences_finds_all_that_was_held
            only_a_fenced_node_is_reaped
            regions_with_nodes_are_listed
            forgetting_may_be_repeated
        );
    };
    (pins, $fixture:expr) => {
        $crate::conformance_clauses!(pins, $fixture,
            a_document_that_is_not_active_has_no_pin
            a_pin_is_read_as_it_was_given
            a_repeat_by_the_owner_returns_the_same_pin
            another_asker_is_told_who_holds_it
            one_of_many_askers_is_given_the_pin
            generations_rise_whatever_was_unpinned
            generations_rise_whatever_was_taken_over
            a_take_over_replaces_the_pin_with_the_next_generation
            a_repeated_take_over_returns_the_pin_it_made
            a_take_over_of_another_pin_changes_nothing
            a_take_over_where_no_pin_stands_pins
            one_of_many_takers_is_given_the_pin
            unpinning_removes_exactly_the_pin_it_names
            unpinning_may_be_repeated
            documents_are_pinned_apart
        );
    };
    (documents, $fixture:expr) => {
        $crate::conformance_clauses!(documents, $fixture,
            a_new_document_is_empty
            updates_are_read_in_the_order_of_their_appends
            an_append_of_nothing_changes_nothing
            updates_of_any_size_are_read_as_they_were
            positions_rise_and_never_fall
            opening_again_returns_the_document_again
            a_stale_generation_cannot_append
            a_stale_generation_cannot_open
            a_stale_generation_cannot_compact
            a_stale_generation_cannot_check
            a_stale_generation_cannot_expire
            a_check_of_what_is_there_changes_nothing
            a_compaction_replaces_what_it_covers_and_keeps_the_rest
            a_repeated_compaction_changes_nothing
            a_late_copy_of_a_compaction_changes_nothing
            a_compaction_of_nothing_loses_nothing
            the_updates_of_one_append_are_stored_together
            many_documents_are_appended_to_at_once
            documents_are_stored_apart
        );
        $crate::conformance_clauses!(documents_restored, $fixture,
            a_restoration_replaces_all_that_is_stored
            a_new_document_can_be_restored
            an_owner_goes_on_after_a_restoration
            a_restoration_is_repeated_after_another_opening
            a_stale_generation_cannot_restore
        );
    };
    (documents_kept, $fixture:expr) => {
        $crate::conformance_clauses!(documents, $fixture, a_released_document_is_kept);
    };
    (documents_dropped, $fixture:expr) => {
        $crate::conformance_clauses!(documents, $fixture,
            a_released_document_is_dropped
            a_late_append_cannot_bring_a_dropped_document_back
            a_stale_release_drops_nothing
        );
    };
    (documents_lost, $fixture:expr) => {
        $crate::conformance_clauses!(documents_lost, $fixture,
            whoever_goes_on_with_a_lost_document_is_told_so
            a_lost_document_is_written_down_again_by_its_owner
            a_document_that_is_lost_twice_is_missed_twice
            a_late_call_from_before_the_loss_is_refused
            a_restored_document_is_above_all_that_was_lost
            a_late_call_from_before_the_loss_takes_nothing_from_a_restored_document
            a_loss_right_after_the_restoration_is_noticed
            whoever_has_not_opened_the_document_cannot_restore_it
            a_stale_owner_stays_refused_after_the_loss
            an_earlier_owner_that_comes_back_first_is_overtaken
        );
    };
    (rate_gate, $fixture:expr) => {
        $crate::conformance_clauses!(rate_gate, $fixture,
            as_many_are_granted_as_fit
            the_largest_limit_is_exact
            blocks_shrink_as_the_window_empties
            a_grant_counts_for_the_length_of_the_window
            what_may_be_used_later_counts_longer
            what_is_refused_is_not_counted
            what_is_given_back_can_be_taken_again
            each_take_gives_back_its_own
            giving_back_what_no_longer_counts_changes_nothing
            giving_back_to_an_unknown_bucket_changes_nothing
            racing_takers_never_pass_the_limit
            a_limit_of_zero_grants_nothing
            a_lower_limit_holds_for_whoever_asks_by_it
            buckets_are_apart
        );
    };
    (registry, $fixture:expr) => {
        $crate::conformance_clauses!(registry, $fixture,
            a_new_registry_is_empty
            entries_are_read_as_they_were_added
            what_exists_is_not_added_again
            plans_and_apps_are_replaced
            lists_are_in_the_order_of_the_ids
            many_clients_are_listed_whole
            tenants_are_kept_apart
            a_clients_id_is_unique_over_all_tenants
            a_revoked_client_keeps_its_first_time
            a_key_is_dropped_once
            of_racing_entries_one_is_added
            racing_writes_all_stand
        );
    };
    (refresh_families, $fixture:expr) => {
        $crate::conformance_clauses!(refresh_families, $fixture,
            each_token_is_followed_by_the_next
            a_reused_token_revokes_its_family
            a_repeat_is_told_apart_from_a_reuse
            an_unknown_family_is_refused
            another_client_is_refused_and_revokes_nothing
            a_token_expires
            beginning_may_be_repeated
            families_are_apart
            of_racing_turns_one_is_good_and_the_family_is_revoked
            racing_copies_of_a_turn_revoke_nothing
        );
    };
    (vault, $fixture:expr) => {
        $crate::conformance_clauses!(vault, $fixture,
            what_was_sealed_is_opened
            what_is_sealed_shows_nothing
            what_was_sealed_opens_for_its_tenant_and_key_alone
        );
    };
    (vault_guarded, $fixture:expr) => {
        $crate::conformance_clauses!(vault, $fixture, what_was_changed_does_not_open);
    };
    (usage_log, $fixture:expr) => {
        $crate::conformance_clauses!(usage_log, $fixture,
            an_app_that_was_never_added_to_is_not_known
            what_writers_add_to_an_hour_adds_up
            a_repeated_addition_is_made_once
            a_late_copy_of_an_addition_changes_nothing
            racing_copies_of_an_addition_are_made_once
            what_racing_writers_add_adds_up
            writers_apps_and_hours_are_numbered_apart
            apps_are_apart
            a_range_ends_before_its_end
            the_highest_peaks_stay
            every_count_is_kept_apart
            a_sum_past_the_largest_number_is_the_largest
            whole_days_that_are_rolled_up_come_as_one
            a_day_is_the_sum_of_its_hours
            a_day_without_usage_has_no_span
            rolling_up_again_changes_nothing
            rolling_up_goes_on_where_it_ended
            racing_roll_ups_count_nothing_twice
            an_app_stands_where_it_was_added_to_and_rolled_up
            a_read_sees_every_addition_that_was_answered
            usage_is_kept_for_as_long_as_it_is_asked_for
            what_is_added_to_a_rolled_up_day_shows_in_it
            late_additions_that_race_roll_ups_show_in_their_days
            a_lower_peak_of_the_same_writer_lowers_nothing
            one_day_far_ahead_ends_nothing
        );
    };
    (platform_log, $fixture:expr) => {
        $crate::conformance_clauses!(platform_log, $fixture,
            a_minute_is_read_as_it_was_noted
            a_note_replaces_the_same_nodes_note
            a_range_of_minutes_ends_before_its_end
            racing_notes_all_stand
            a_read_sees_every_note_that_was_answered
            minutes_are_kept_for_as_long_as_they_are_asked_for
        );
    };
    (api_keys, $fixture:expr) => {
        $crate::conformance_clauses!(api_keys, $fixture,
            of_unknown_api_keys_nothing_is_known
            an_api_key_is_read_as_it_was_added
            an_api_keys_id_is_unique_over_all_holders
            a_holders_api_keys_are_listed_whole_in_the_order_of_their_ids
            a_revoked_api_key_keeps_its_first_time
            a_noted_use_never_goes_back
            of_racing_api_keys_one_is_added
            of_racing_revocations_one_gives_the_time
            racing_uses_leave_the_latest_and_undo_no_revocation
        );
    };
    (alerts, $fixture:expr) => {
        $crate::conformance_clauses!(alerts, $fixture,
            there_are_no_alerts_at_first
            webhooks_are_read_as_they_were_added_and_each_once
            a_tenants_webhooks_are_listed_in_the_order_of_their_ids
            a_webhook_is_dropped_once
            an_event_is_raised_once_for_each_app_kind_and_period
            of_racing_raises_one_event_stands
            an_event_is_unspread_until_it_is_spread
            only_the_event_that_stands_is_spread
            a_delivery_is_added_once_delivered_or_not
            of_racing_deliveries_one_is_added
            a_delivery_is_listed_as_what_it_is
            a_change_of_a_version_that_is_past_is_refused
            a_change_of_what_was_never_added_is_refused
            of_racing_changes_one_takes_effect
            a_repeat_of_a_change_is_told_so
            whoever_lists_takes_nothing_from_whoever_replays
            what_is_over_is_remembered_for_as_long_as_it_must
        );
    };
}

/// A test of each clause that is named.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_clauses {
    ($port:ident, $fixture:expr, $($clause:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $clause() {
                let (_lives_as_long, store) = $fixture;
                $crate::conformance::$port::$clause(store).await;
            }
        )*
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_clause_is_run() {
        let run = include_str!("mod.rs");
        let ports = [
            include_str!("alerts.rs"),
            include_str!("api_keys.rs"),
            include_str!("cluster.rs"),
            include_str!("documents.rs"),
            include_str!("documents_lost.rs"),
            include_str!("documents_restored.rs"),
            include_str!("ledger.rs"),
            include_str!("pins.rs"),
            include_str!("platform_log.rs"),
            include_str!("rate_gate.rs"),
            include_str!("refresh_families.rs"),
            include_str!("registry.rs"),
            include_str!("usage_late.rs"),
            include_str!("usage_log.rs"),
            include_str!("vault.rs"),
        ];
        for clause in ports.iter().flat_map(|port| port.split("\npub async fn ").skip(1)) {
            let name = clause.split('(').next().unwrap();
            assert!(run.split_whitespace().any(|word| word.trim_end_matches(");") == name), "{name}");
        }
    }
}
