/// Makes a test of each case that every target can show; see [`mod@crate::control_plane`].
#[macro_export]
macro_rules! control_plane_suite {
    ($target:expr) => {
        $crate::control_plane_cases!(discovery, $target,
            a_new_document_goes_to_the_nearest_region
            an_active_document_stays_in_its_region
            a_document_of_the_same_name_in_another_app_is_another_document
            a_region_without_live_node_has_no_url
            without_a_healthy_node_in_its_home_a_client_is_told_to_come_back
            a_name_is_decoded_once_and_encoded_for_the_path
            a_name_that_is_missing_or_none_is_refused
        );
        $crate::control_plane_cases!(usage, $target,
            usage_is_the_sum_over_all_nodes_beside_the_plan_limits
            an_app_that_was_never_counted_uses_nothing
            usage_is_counted_in_the_home_of_the_app
            a_home_that_is_not_had_is_forbidden
        );
        $crate::control_plane_cases!(refusals, $target,
            who_brings_no_genuine_token_is_not_authenticated
            a_genuine_token_that_may_not_do_this_is_forbidden
            a_browser_on_another_domain_may_not_use_the_token
            a_token_may_come_in_the_header_or_in_either_parameter
            nothing_is_served_at_other_paths
            every_answer_has_an_id_and_may_be_read_by_any_origin
        );
        $crate::control_plane_cases!(tokens, $target,
            a_clients_secret_is_good_for_a_token
            a_secret_may_come_by_basic_authentication
            a_wrong_secret_and_an_unknown_client_are_told_the_same
            a_request_that_is_none_is_refused_in_oauths_words
            a_token_is_only_had_by_post
        );
        $crate::control_plane_cases!(refresh_tokens, $target,
            a_refresh_token_is_followed_by_another
            a_refresh_token_used_twice_revokes_its_family
            another_clients_refresh_token_is_good_for_nothing
            a_revoked_clients_refresh_token_is_good_no_more
        );
        $crate::control_plane_cases!(key_sets, $target,
            a_tenants_key_set_holds_its_public_keys
            the_next_key_is_published_before_it_signs
            a_key_set_that_is_the_same_is_not_sent_again
            an_unknown_tenant_has_no_key_set
        );
        $crate::control_plane_cases!(rates, $target,
            the_13th_usage_in_a_minute_is_refused
            guessing_at_tokens_is_bounded_too
            the_61st_discovery_in_a_minute_is_refused
            of_50_requests_for_tokens_20_are_refused
        );
        $crate::control_plane_cases!(reports, $target,
            what_is_answered_for_an_app_is_counted_and_reported
            a_report_sums_up_and_prices_what_was_counted
            reports_are_for_keys_of_the_tenant_that_may_read_usage
            parameters_that_are_none_are_named_with_the_valid_form
            the_13th_report_of_a_key_in_a_minute_is_refused
        );
        $crate::control_plane_cases!(webhooks, $target,
            a_webhook_is_made_listed_without_its_secret_and_deleted
            a_webhook_that_cannot_be_is_refused_by_name
            webhooks_are_read_and_written_by_keys_that_may
        );
        $crate::control_plane_cases!(platform, $target,
            each_living_node_is_counted_once
            stats_are_of_the_last_hour_and_of_this_moment
            refusals_are_in_the_platforms_envelope
        );
        $crate::control_plane_cases!(description, $target,
            the_description_is_served_to_anybody
        );
        $crate::control_plane_cases!(garbage, $target,
            tokens_of_every_wrong_shape_are_refused
            queries_that_are_none_are_read_as_far_as_they_go
            bodies_that_are_no_form_are_refused
            a_body_where_none_belongs_changes_nothing
        );
    };
}

/// Makes a test of each case that asks from addresses of its choice.
#[macro_export]
macro_rules! control_plane_addresses {
    ($target:expr) => {
        $crate::control_plane_cases!(addresses, $target,
            another_address_is_untouched
            a_forged_forwarded_for_changes_nothing
            what_reaches_no_store_is_not_counted
        );
    };
}

/// Makes a test of each case about methods that a gateway answers itself.
#[macro_export]
macro_rules! control_plane_preflights {
    ($target:expr) => {
        $crate::control_plane_cases!(preflights, $target,
            a_preflight_is_answered_at_every_path
            other_methods_are_told_which_there_are
            head_is_get_without_its_body
        );
    };
}

/// Makes a test of each case in which the store is away.
#[macro_export]
macro_rules! control_plane_outages {
    ($target:expr) => {
        $crate::control_plane_cases!(outages, $target,
            without_the_store_clients_are_told_to_come_back
            without_the_registry_no_secret_is_said_to_be_wrong
            a_throttled_table_is_no_verdict
        );
    };
}

/// Makes a test of each named case of a module of [`mod@crate::control_plane`].
#[doc(hidden)]
#[macro_export]
macro_rules! control_plane_cases {
    ($module:ident, $target:expr, $($case:ident)+) => {
        mod $module {
            #[allow(unused_imports, reason = "the target is named where the suite is")]
            use super::*;
            $(
                #[tokio::test]
                async fn $case() {
                    let target = house_tests::control_plane::Described($target.await);
                    house_tests::control_plane::$module::$case(&target).await;
                }
            )+
        }
    };
}
