use super::args::{GivenLimits, GivenTerms, Plans};
use super::books::Books;
use super::error::AdminError;
use super::report::{Report, table};
use domain::ids::PlanId;
use domain::limits::PlanLimits;
use domain::registry::Plan;
use serde_json::{Value, json};

pub(super) async fn run(command: &Plans, books: &Books) -> Result<Report, AdminError> {
    match command {
        Plans::Set { plan, limits, terms } => set(plan, *limits, *terms, books).await,
        Plans::List => list(books).await,
    }
}

async fn set(
    id: &PlanId,
    given: GivenLimits,
    terms: GivenTerms,
    books: &Books,
) -> Result<Report, AdminError> {
    let stored = books.registry().plan(id).await?;
    let before = stored.as_ref().map(|plan| plan.limits);
    let limits =
        changed(before, given).map_err(|missing| AdminError::NewPlan { plan: id.clone(), missing })?;
    let (monthly_requests, price) =
        stored.map(|plan| (plan.monthly_requests, plan.price)).unwrap_or_default();
    let monthly_requests = terms.monthly_requests.map_or(monthly_requests, |given| given.0);
    let price = terms.price_per_million.unwrap_or(price);
    let plan = Plan { id: id.clone(), limits, monthly_requests, price };
    books.registry().set_plan(&plan).await?;
    let text = if before.is_some() {
        format!("the plan {id} is set; apps get its limits with their next tokens, within 15 minutes")
    } else {
        format!("made the plan {id}")
    };
    Ok(Report::new(text, as_json(&plan)))
}

/// The limits with what is given in place of what there was before; where there was none, the options that lack.
fn changed(before: Option<PlanLimits>, given: GivenLimits) -> Result<PlanLimits, String> {
    let limits = [
        ("--max-connections", given.max_connections, before.map(|limits| limits.connections_max)),
        ("--max-documents", given.max_documents, before.map(|limits| limits.documents_max)),
        ("--max-users-per-doc", given.max_users_per_doc, before.map(|limits| limits.users_per_document_max)),
        ("--ops-per-minute", given.ops_per_minute, before.map(|limits| limits.ops_per_minute_max)),
    ];
    let [Some(connections), Some(documents), Some(users), Some(ops)] =
        limits.map(|(_, given, before)| given.or(before))
    else {
        let lacks = limits.iter().filter(|(_, given, _)| given.is_none()).map(|(option, _, _)| *option);
        return Err(lacks.collect::<Vec<_>>().join(", "));
    };
    Ok(PlanLimits {
        connections_max: connections,
        documents_max: documents,
        users_per_document_max: users,
        ops_per_minute_max: ops,
    })
}

async fn list(books: &Books) -> Result<Report, AdminError> {
    let plans = books.registry().plans().await?;
    let row = |plan: &Plan| {
        let limits = plan.limits;
        [
            plan.id.to_string(),
            limits.connections_max.to_string(),
            limits.documents_max.to_string(),
            limits.users_per_document_max.to_string(),
            limits.ops_per_minute_max.to_string(),
            plan.monthly_requests.map_or_else(|| "any".to_owned(), |requests| requests.to_string()),
            plan.price.to_string(),
        ]
    };
    let rows: Vec<_> = plans.iter().map(row).collect();
    Ok(Report::new(
        table(
            ["PLAN", "CONNECTIONS", "DOCUMENTS", "USERS/DOC", "OPS/MIN", "REQUESTS/MONTH", "USD/MILLION"],
            &rows,
        ),
        json!({"plans": plans.iter().map(as_json).collect::<Vec<_>>()}),
    ))
}

fn as_json(plan: &Plan) -> Value {
    json!({
        "plan": plan.id.as_str(),
        "limits": plan.limits.to_claim(),
        "monthly_requests": plan.monthly_requests,
        // Exact, as no number of JSON is sure to be.
        "price_per_million": plan.price.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRO: PlanLimits =
        PlanLimits { connections_max: 1, documents_max: 2, users_per_document_max: 3, ops_per_minute_max: 4 };

    #[test]
    fn what_is_not_given_stays_and_a_new_plan_needs_all() {
        let given = GivenLimits { max_documents: Some(9), ..GivenLimits::default() };
        assert_eq!(changed(Some(PRO), given), Ok(PlanLimits { documents_max: 9, ..PRO }));
        assert_eq!(changed(Some(PRO), GivenLimits::default()), Ok(PRO));
        let lacks = "--max-connections, --max-users-per-doc, --ops-per-minute";
        assert_eq!(changed(None, given), Err(lacks.to_owned()));
    }
}
