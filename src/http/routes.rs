//! Which operation a request is for: its path and method, among those of the catalogue.
//!
//! The framework would try one pattern after the other, and there are more than a hundred; here a path is found in one walk down a tree.

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use actix_web::http::Method as HttpMethod;
use matchit::{Params, Router};
use vasya_actors::catalogue::Catalogue;
use vasya_actors::error::Error;
use vasya_actors::operation::{Entry, Method};

use super::arguments::Fields;

/// The routes of a catalogue, made once and shared by all threads.
#[derive(Debug)]
pub(super) struct Routes {
    catalogue: Catalogue,
    resources: Router<Resource>,
}

/// What is at one path.
#[derive(Debug)]
struct Resource {
    path: &'static str,
    endpoints: Vec<Endpoint>,
}

/// One operation behind its route.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// Its place in the catalogue.
    place: usize,
    method: Method,
    pub(super) fields: Fields,
}

/// What a request's path leads to.
pub(super) struct Found<'routes, 'path> {
    /// The path as it is declared.
    pub(super) path: &'static str,
    /// What stands in the place of its parameters.
    pub(super) parameters: Params<'routes, 'path>,
    resource: &'routes Resource,
}

/// The declared path that a request was found to be for, for the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct MatchedPath(pub(super) &'static str);

/// Two operations that cannot be told apart by their paths.
#[derive(Debug, thiserror::Error)]
#[error("the path {path} cannot be a route: {reason}")]
pub(super) struct AmbiguousPath {
    path: &'static str,
    reason: String,
}

impl Routes {
    /// The routes of every operation. A fixed segment goes before a parameter.
    ///
    /// # Errors
    /// [`AmbiguousPath`].
    pub(super) fn of(catalogue: &Catalogue) -> Result<Self, AmbiguousPath> {
        let mut by_path: BTreeMap<&'static str, Vec<Endpoint>> = BTreeMap::new();
        for (place, entry) in catalogue.entries().iter().enumerate() {
            let declaration = entry.declaration();
            let endpoint = Endpoint { place, method: declaration.method, fields: Fields::of(entry) };
            by_path.entry(declaration.path).or_default().push(endpoint);
        }
        let mut resources = Router::new();
        for (path, endpoints) in by_path {
            let inserted = resources.insert(path, Resource { path, endpoints });
            inserted.map_err(|error| AmbiguousPath { path, reason: error.to_string() })?;
        }
        Ok(Self { catalogue: catalogue.clone(), resources })
    }

    /// What is at a path below the base path.
    pub(super) fn find<'routes, 'path>(&'routes self, path: &'path str) -> Option<Found<'routes, 'path>> {
        let found = self.resources.at(path).ok()?;
        Some(Found { path: found.value.path, parameters: found.params, resource: found.value })
    }

    /// The operation of an endpoint.
    ///
    /// # Errors
    /// Never, for an endpoint of these routes.
    pub(super) fn entry(&self, endpoint: &Endpoint) -> Result<&Entry, Error> {
        self.catalogue.entries().get(endpoint.place).ok_or_else(|| Error::internal("a route without an operation"))
    }
}

impl<'routes> Found<'routes, '_> {
    /// What answers a request's method there. HEAD is GET without the body, which the server leaves out by itself (RFC 9110, section
    /// 9.3.2).
    pub(super) fn endpoint(&self, request: &HttpRequest) -> Option<&'routes Endpoint> {
        let method = if request.method() == HttpMethod::HEAD { "GET" } else { request.method().as_str() };
        self.resource.endpoints.iter().find(|endpoint| endpoint.method.name() == method)
    }

    /// The methods that are there.
    pub(super) fn methods(&self) -> Vec<&'static str> {
        self.resource.endpoints.iter().map(|endpoint| endpoint.method.name()).collect()
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn every_operation_is_found_by_its_own_path_and_method() {
        let catalogue = Catalogue::standard();
        let routes = Routes::of(&catalogue).unwrap();
        for entry in catalogue.entries() {
            let declaration = entry.declaration();
            let path: String = declaration
                .path
                .split('/')
                .skip(1)
                .map(|part| if part.starts_with('{') { "/7" } else { part })
                .fold(String::new(), |path, part| if part.starts_with('/') { path + part } else { path + "/" + part });
            let found = routes.find(&path).unwrap();
            let method: HttpMethod = declaration.method.name().parse().unwrap();
            let endpoint = found.endpoint(&TestRequest::default().method(method).to_http_request()).unwrap();
            assert_eq!(routes.entry(endpoint).unwrap().declaration().name, declaration.name);
        }
    }

    #[test]
    fn what_is_not_declared_is_not_found() {
        let routes = Routes::of(&Catalogue::standard()).unwrap();
        for path in ["", "/", "accounts", "/accounts/", "/accounts/1/chats/", "/accounts//chats", "/accounts/1/2/3/4/5/6/7/8"] {
            assert!(routes.find(path).is_none(), "{path}");
        }
        let found = routes.find("/accounts/a/chats/-7/messages").unwrap();
        assert_eq!(found.path, "/accounts/{accountId}/chats/{chatId}/messages");
        assert_eq!((found.parameters.get("accountId"), found.parameters.get("chatId")), (Some("a"), Some("-7")));
        assert!(found.endpoint(&TestRequest::default().method(HttpMethod::HEAD).to_http_request()).is_some());
        assert!(found.endpoint(&TestRequest::default().method(HttpMethod::PATCH).to_http_request()).is_none());
    }
}
