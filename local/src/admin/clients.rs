use super::apps::shown;
use super::args::{Clients, NewClient, TenantOrApp};
use super::books::Books;
use super::error::AdminError;
use super::report::{Report, SecretOf, instant, table};
use crate::drawn;
use domain::ids::ClientId;
use domain::ports::Added;
use domain::registry::{Client, Refresh};
use serde_json::{Value, json};

/// Random bytes of a client's id and of its secret.
const ID_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;

pub(super) async fn run(command: &Clients, books: &Books) -> Result<Report, AdminError> {
    match command {
        Clients::Create(client) => create(client, books).await,
        Clients::List { of } => list(of.as_ref(), books).await,
        Clients::Revoke { client } => revoke(client, books).await,
    }
}

async fn create(new: &NewClient, books: &Books) -> Result<Report, AdminError> {
    let app = books.app(&new.app).await?.key;
    let id = format!("client_{}", drawn::base64url::<ID_BYTES>(books.entropy()));
    let id = ClientId::parse(&id).expect("29 letters, digits, hyphens and underscores are an id");
    let secret = format!("wss_{}", drawn::base64url::<SECRET_BYTES>(books.entropy()));
    let client = Client {
        id,
        app,
        secret: books.hashes().hash(&secret).await?,
        refresh: new.refresh(),
        created_unix_s: books.now_unix_s(),
        revoked_unix_s: None,
    };
    match books.registry().add_client(&client).await? {
        Added::New => {}
        // Ours, where the answer to the first attempt was lost: nobody else's has its hash.
        Added::Exists if books.client(&client.id).await? == client => {}
        Added::Exists => return Err(AdminError::DrawnTwice),
    }
    let mut json = as_json(&client);
    json["client_secret"] = json!(secret);
    let text = format!(
        "client_id      {}\nclient_secret  {secret}\n\nThe secret is shown this once: only its hash is kept.",
        client.id
    );
    Ok(Report { text, json, secret_of: Some(SecretOf::Client(client.id)) })
}

async fn list(of: Option<&TenantOrApp>, books: &Books) -> Result<Report, AdminError> {
    let tenant = match of {
        None => None,
        Some(TenantOrApp::Tenant(tenant)) => Some(tenant),
        Some(TenantOrApp::App(app)) => {
            books.app(app).await?;
            Some(&app.tenant)
        }
    };
    let mut clients = Vec::new();
    for tenant in books.tenants(tenant).await? {
        clients.extend(books.registry().clients(&tenant.id).await?);
    }
    if let Some(TenantOrApp::App(app)) = of {
        clients.retain(|client| client.app == *app);
    }
    let rows: Vec<_> = clients.iter().map(row).collect();
    Ok(Report::new(
        table(["CLIENT", "APP", "REFRESH", "MADE", "REVOKED"], &rows),
        json!({"clients": clients.iter().map(as_json).collect::<Vec<_>>()}),
    ))
}

async fn revoke(id: &ClientId, books: &Books) -> Result<Report, AdminError> {
    if !books.registry().revoke_client(id, books.now_unix_s()).await? {
        return Err(AdminError::NoClient(id.clone()));
    }
    let client = books.client(id).await?;
    let text = format!(
        "revoked the client {id}: it gets no token any more; access tokens that it has expire within 15 minutes"
    );
    Ok(Report::new(text, as_json(&client)))
}

fn row(client: &Client) -> [String; 5] {
    let refresh = match client.refresh {
        Refresh::Allowed => "yes",
        Refresh::Denied => "no",
    };
    let revoked = client.revoked_unix_s.map_or_else(|| "-".to_owned(), instant);
    [client.id.to_string(), shown(&client.app), refresh.to_owned(), instant(client.created_unix_s), revoked]
}

fn as_json(client: &Client) -> Value {
    json!({
        "client_id": client.id.as_str(),
        "tenant": client.app.tenant.as_str(),
        "app": client.app.app.as_str(),
        "refresh": client.refresh == Refresh::Allowed,
        "created": instant(client.created_unix_s),
        "revoked": client.revoked_unix_s.map(instant),
    })
}
