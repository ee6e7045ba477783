//! The proxies of the environment: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, as curl and Go read them.

use std::fmt;

use reqwest::{ClientBuilder, NoProxy, Proxy};
use url::Url;

use crate::registry::error::ConnectionError;

/// Never behind a proxy: this machine, and the metadata services that machines of a cloud find at their link, which no proxy should be asked for either.
const NEVER: &str = "localhost,127.0.0.0/8,::1,169.254.0.0/16,fe80::/10,168.63.129.16,100.100.100.200,fd00:ec2::/32,metadata.google.internal";

/// The proxies that requests go through.
#[derive(Clone, Default)]
pub struct Proxies {
    http: Option<Url>,
    https: Option<Url>,
    except: String,
}

impl Proxies {
    /// Those that the variables name; `variable` gives the value of one.
    ///
    /// The variables are read in lower case first. `HTTP_PROXY` in upper case is not read within a CGI program, where a client's header `Proxy` sets it.
    ///
    /// # Errors
    /// Where one of them names no proxy of HTTP.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConnectionError> {
        let named = |names: &[&'static str]| {
            let found = names.iter().find_map(|name| Some((*name, variable(name).filter(|value| !value.is_empty())?)));
            found.map(|(name, value)| proxy(name, &value)).transpose()
        };
        let is_cgi = variable("REQUEST_METHOD").is_some();
        let http = named(if is_cgi { &["http_proxy"] } else { &["http_proxy", "HTTP_PROXY"] })?;
        let https = named(&["https_proxy", "HTTPS_PROXY"])?;
        let all = named(&["all_proxy", "ALL_PROXY"])?;
        let except = variable("no_proxy").or_else(|| variable("NO_PROXY")).unwrap_or_default();
        Ok(Self { http: http.or_else(|| all.clone()), https: https.or(all), except })
    }

    /// The names of the proxies' own hosts, which may be anywhere.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &str> {
        self.http.iter().chain(&self.https).filter_map(Url::host_str)
    }

    pub(super) fn apply(&self, mut client: ClientBuilder) -> Result<ClientBuilder, ConnectionError> {
        // Whatever reqwest would read by itself.
        client = client.no_proxy();
        let except = NoProxy::from_string(&format!("{NEVER},{}", self.except));
        for (url, proxied) in [(&self.http, Proxy::http::<Url> as fn(Url) -> _), (&self.https, Proxy::https::<Url>)] {
            if let Some(url) = url {
                let proxy = proxied(url.clone()).map_err(|_| ConnectionError::Proxy("it cannot be used".to_owned()))?;
                client = client.proxy(proxy.no_proxy(except.clone()));
            }
        }
        Ok(client)
    }
}

/// The value is not told: it may hold a password.
fn proxy(name: &str, value: &str) -> Result<Url, ConnectionError> {
    // curl and Go take a host alone, too.
    let url = if value.contains("://") { Url::parse(value) } else { Url::parse(&format!("http://{value}")) };
    match url {
        Ok(url) if matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h") && url.has_host() => Ok(url),
        Ok(url) => Err(ConnectionError::Proxy(format!(
            "the variable {name} names a proxy of the kind {}; write http://HOST:PORT or socks5://HOST:PORT",
            wasm_policy::text::shown(url.scheme())
        ))),
        Err(error) => {
            Err(ConnectionError::Proxy(format!("the variable {name} holds no URL ({error}); write http://HOST:PORT")))
        }
    }
}

/// Without passwords.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.hosts()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Result<Proxies, String> {
        let variable = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        Proxies::of(variable).map_err(|error| error.to_string())
    }

    fn of(variables: &[(&str, &str)]) -> (Option<String>, Option<String>) {
        let Proxies { http, https, .. } = proxies(variables).unwrap();
        (http.map(String::from), https.map(String::from))
    }

    #[test]
    fn proxies_are_read_as_other_clients_read_them() {
        let url = |text: &str| Some(text.to_owned());
        assert_eq!(of(&[]), (None, None));
        assert_eq!(of(&[("HTTPS_PROXY", "http://proxy.corp:3128")]), (None, url("http://proxy.corp:3128/")));
        assert_eq!(
            of(&[("https_proxy", "proxy.corp:3128"), ("HTTPS_PROXY", "http://other")]),
            (None, url("http://proxy.corp:3128/"))
        );
        assert_eq!(of(&[("ALL_PROXY", "http://a"), ("http_proxy", "http://h")]), (url("http://h/"), url("http://a/")));
        assert_eq!(of(&[("HTTP_PROXY", "http://h"), ("REQUEST_METHOD", "GET")]), (None, None));
        assert_eq!(of(&[("HTTPS_PROXY", "")]), (None, None));
        assert_eq!(of(&[("https_proxy", "socks5://p:1080")]), (None, url("socks5://p:1080")));
    }

    #[test]
    fn a_variable_that_names_no_proxy_is_told_without_its_value() {
        let told = proxies(&[("ALL_PROXY", "socks4://user:secret@proxy:1080")]).unwrap_err();
        assert!(told.contains("ALL_PROXY names a proxy of the kind socks4") && !told.contains("secret"), "{told}");
        let told = proxies(&[("HTTPS_PROXY", "http://user:secret@[")]).unwrap_err();
        assert!(told.contains("HTTPS_PROXY holds no URL") && !told.contains("secret"), "{told}");
    }

    #[test]
    fn a_proxys_password_is_not_shown() {
        let proxies = proxies(&[("HTTPS_PROXY", "http://user:secret@proxy.corp:3128")]).unwrap();
        assert_eq!(format!("{proxies:?}"), r#"["proxy.corp"]"#);
    }
}
