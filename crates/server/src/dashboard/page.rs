//! The layout of every page, and replies that are pages.

use actix_web::{
    HttpResponse,
    error::InternalError,
    http::{
        StatusCode,
        header::{ALLOW, ContentType, HeaderValue, LOCATION, WWW_AUTHENTICATE},
    },
};
use askama::Template;
use gochat_domain::{ports::StorageError, service::NewSecretError};
use std::error::Error;

/// The reply of a handler. An error is a page, too.
pub(super) type Reply = Result<HttpResponse, Failure>;

/// A tab of the dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Now,
    Groups,
    Keys,
    Errors,
}

impl Tab {
    /// Path of the tab, below that of the session.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Now => "",
            Self::Groups => "groups",
            Self::Keys => "keys",
            Self::Errors => "errors",
        }
    }

    /// Name of the tab.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Now => "Now",
            Self::Groups => "Groups",
            Self::Keys => "Keys",
            Self::Errors => "Errors",
        }
    }
}

/// The part that `layout.html` shows around a page. The template of a page has it as the field `layout`.
pub(super) struct Layout {
    /// Title of the browser's window.
    pub(super) title: String,
    /// The tab of the page; `None` if the visitor has no session, and so no navigation.
    pub(super) tab: Option<Tab>,
    /// The beginning of the path of each page of the session.
    pub(super) home: String,
    /// The token that each form of the page sends back.
    pub(super) csrf: String,
}

impl Layout {
    /// The layout of a page of `tab`, which links to pages below `home`, and whose forms send `csrf`.
    pub(super) fn of(tab: Tab, home: String, csrf: String) -> Self {
        Self { title: tab.title().to_owned(), tab: Some(tab), home, csrf }
    }

    /// The layout of a page for visitors without a session.
    pub(super) fn without_session(title: &str) -> Self {
        Self { title: title.to_owned(), tab: None, home: String::new(), csrf: String::new() }
    }

    /// The same layout with a title of its own.
    pub(super) fn titled(self, title: impl Into<String>) -> Self {
        Self { title: title.into(), ..self }
    }

    /// All tabs, in the order of the navigation.
    #[allow(clippy::unused_self, reason = "a template has the layout, and need not import the type")]
    pub(super) fn tabs(&self) -> [Tab; 4] {
        [Tab::Now, Tab::Groups, Tab::Keys, Tab::Errors]
    }

    pub(super) fn is_current(&self, tab: Tab) -> bool {
        self.tab == Some(tab)
    }
}

/// A page that only says something. In the text, commands are between backticks.
#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    layout: Layout,
    text: &'a str,
}

/// A reason why a handler has no page to show.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The database does not answer, or failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A template failed.
    #[error("a template failed")]
    Template(#[from] askama::Error),
    /// A failure of the program itself.
    #[error("{0:#}")]
    Internal(#[from] anyhow::Error),
}

impl From<NewSecretError> for Failure {
    fn from(error: NewSecretError) -> Self {
        match error {
            NewSecretError::Storage(error) => Self::Storage(error),
            error => Self::Internal(error.into()),
        }
    }
}

impl actix_web::ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Storage(error) if error.is_transient() => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        tracing::error!(cause = causes(self), "the dashboard cannot show a page");
        let text = match self.status_code() {
            StatusCode::SERVICE_UNAVAILABLE => "The database does not answer. Try again.",
            _ => "This failed. The log has the cause.",
        };
        message(self.status_code(), "Error", text)
            .unwrap_or_else(|_| HttpResponse::InternalServerError().finish())
    }
}

/// Returns an error with all its causes, on one line.
fn causes(error: &Failure) -> String {
    let (mut text, mut next) = (error.to_string(), error.source());
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

/// Renders a page.
pub(super) fn show(status: StatusCode, page: &impl Template) -> Reply {
    Ok(HttpResponse::build(status).content_type(ContentType::html()).body(page.render()?))
}

/// A page for visitors without a session, which only says something.
pub(super) fn message(status: StatusCode, title: &str, text: &str) -> Reply {
    show(status, &Message { layout: Layout::without_session(title), text })
}

/// A page for visitors who need a session.
pub(super) fn no_session() -> Reply {
    let text = "There is no session at this address. Run `gochat dashboard` on the machine of the service, and open the link \
                that it prints.";
    let mut refusal = message(StatusCode::UNAUTHORIZED, "Dashboard", text)?;
    refusal
        .headers_mut()
        .insert(WWW_AUTHENTICATE, HeaderValue::from_static(r#"GoChat-Dashboard realm="gochat""#));
    Ok(refusal)
}

/// A page for an unknown path.
pub(super) fn not_found(text: &str) -> Reply {
    message(StatusCode::NOT_FOUND, "Not found", text)
}

/// A page for an unknown thing, with the tabs.
pub(super) fn no_such_thing(layout: Layout, text: &str) -> Reply {
    show(StatusCode::NOT_FOUND, &Message { layout: layout.titled("Not found"), text })
}

/// The error of an extractor, as a page for visitors without a session.
pub(super) fn refusal(status: StatusCode, text: &str) -> actix_web::Error {
    match message(status, "Refused", text) {
        Ok(reply) => InternalError::from_response(text.to_owned(), reply).into(),
        Err(failure) => failure.into(),
    }
}

/// A page for a method that the path does not have.
pub(super) fn not_allowed(allowed: &'static str) -> Reply {
    let mut reply = message(StatusCode::METHOD_NOT_ALLOWED, "Error", "This path does not have this method.")?;
    reply.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    Ok(reply)
}

/// Sends the browser to the page at `path`, after a change: reloading that page does not repeat the change.
pub(super) fn redirect(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}
