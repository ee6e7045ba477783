//! A JWS envelope, member by member. Values are JSON text, so that wrong types and repeated names can be written too.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

use crate::{Algorithm, Key, Made, envelope};

/// An envelope signed by the first certificate of the chain: scheme `notary.x509`, the algorithm that the key implies.
pub fn jws(chain: &[Made]) -> JwsBuilder {
    let key = chain[0].key.clone();
    let (algorithm, name, _) = envelope::implied_algorithm(&key);
    let builder = JwsBuilder {
        key,
        algorithm,
        payload: envelope::PAYLOAD.into(),
        protected: Vec::new(),
        protected_json: None,
        header: Vec::new(),
        members: Vec::new(),
        extra_members: Vec::new(),
        signature: None,
        respell: Vec::new(),
    };
    builder
        .protected("alg", &string(name))
        .protected("cty", &string(envelope::CONTENT_TYPE))
        .critical(&[envelope::SIGNING_SCHEME])
        .protected(envelope::SIGNING_SCHEME, r#""notary.x509""#)
        .protected(envelope::SIGNING_TIME, r#""2026-11-01T00:00:00Z""#)
        .x5c(chain)
        .header("io.cncf.notary.signingAgent", r#""maker/1.0""#)
}

/// A JSON string of the text, with everything that must be escaped so.
pub fn string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A change of a base64url text.
pub type Respell = fn(String) -> String;

/// The parts of an envelope that is to be made. Nothing is checked.
#[must_use = "an envelope is made by `build`"]
#[derive(Clone)]
pub struct JwsBuilder {
    key: Key,
    algorithm: Algorithm,
    payload: Vec<u8>,
    protected: Vec<(String, String)>,
    protected_json: Option<String>,
    header: Vec<(String, String)>,
    members: Vec<(String, Option<String>)>,
    extra_members: Vec<(String, String)>,
    signature: Option<Vec<u8>>,
    respell: Vec<(&'static str, Respell)>,
}

impl JwsBuilder {
    /// The scheme `notary.x509.signingAuthority`.
    pub fn signing_authority(self) -> Self {
        self.without_protected(envelope::SIGNING_TIME)
            .protected(envelope::SIGNING_SCHEME, r#""notary.x509.signingAuthority""#)
            .protected(envelope::AUTHENTIC_SIGNING_TIME, r#""2026-11-01T00:00:00Z""#)
            .critical(&[envelope::SIGNING_SCHEME, envelope::AUTHENTIC_SIGNING_TIME])
    }

    /// The payload's bytes.
    pub fn payload(mut self, bytes: &[u8]) -> Self {
        self.payload = bytes.to_vec();
        self
    }

    /// A protected header; it takes the place of one of the same name.
    pub fn protected(mut self, name: &str, json: &str) -> Self {
        set(&mut self.protected, name, json);
        self
    }

    /// One more protected header, whether or not there is one of that name.
    pub fn protected_again(mut self, name: &str, json: &str) -> Self {
        self.protected.push((name.into(), json.into()));
        self
    }

    /// No protected header of that name.
    pub fn without_protected(mut self, name: &str) -> Self {
        self.protected.retain(|(other, _)| other != name);
        self
    }

    /// The whole JSON text of the protected header.
    pub fn protected_json(mut self, json: &str) -> Self {
        self.protected_json = Some(json.into());
        self
    }

    /// Exactly these names in `crit`.
    pub fn critical(self, names: &[&str]) -> Self {
        let names: Vec<_> = names.iter().map(|name| string(name)).collect();
        self.protected("crit", &format!("[{}]", names.join(",")))
    }

    /// An unprotected header; it takes the place of one of the same name.
    pub fn header(mut self, name: &str, json: &str) -> Self {
        set(&mut self.header, name, json);
        self
    }

    /// One more unprotected header, whether or not there is one of that name.
    pub fn header_again(mut self, name: &str, json: &str) -> Self {
        self.header.push((name.into(), json.into()));
        self
    }

    /// No unprotected header of that name.
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.retain(|(other, _)| other != name);
        self
    }

    /// The certificates in the envelope.
    pub fn x5c(self, chain: &[Made]) -> Self {
        let certificates: Vec<_> = chain.iter().map(|made| string(&STANDARD.encode(&made.der))).collect();
        self.header("x5c", &format!("[{}]", certificates.join(",")))
    }

    /// The JSON of a member of the envelope, after signing.
    pub fn member(mut self, name: &str, json: &str) -> Self {
        self.members.push((name.into(), Some(json.into())));
        self
    }

    /// No member of that name, though it was signed.
    pub fn without_member(mut self, name: &str) -> Self {
        self.members.push((name.into(), None));
        self
    }

    /// One more member, after signing.
    pub fn member_again(mut self, name: &str, json: &str) -> Self {
        self.extra_members.push((name.into(), json.into()));
        self
    }

    /// Changes the base64url text of `protected`, `payload` or `signature`; what is signed is the changed text.
    pub fn respelled(mut self, member: &'static str, respell: Respell) -> Self {
        self.respell.push((member, respell));
        self
    }

    /// Another key or algorithm for the signature; the headers stay.
    pub fn signed_with(mut self, key: &Key, algorithm: Algorithm) -> Self {
        self.key = key.clone();
        self.algorithm = algorithm;
        self
    }

    /// The signature's bytes, whatever is signed.
    pub fn signature(mut self, bytes: &[u8]) -> Self {
        self.signature = Some(bytes.to_vec());
        self
    }

    /// Signs it.
    pub fn build(self) -> Vec<u8> {
        let protected_json = self.protected_json.clone().unwrap_or_else(|| object(&self.protected));
        let protected = self.spelled("protected", URL_SAFE_NO_PAD.encode(protected_json));
        let payload = self.spelled("payload", URL_SAFE_NO_PAD.encode(&self.payload));
        let signing_input = format!("{protected}.{payload}");
        let signature =
            self.signature.clone().unwrap_or_else(|| self.key.sign(self.algorithm, signing_input.as_bytes()));
        let signature = self.spelled("signature", URL_SAFE_NO_PAD.encode(signature));
        let mut members = vec![
            ("payload".to_owned(), string(&payload)),
            ("protected".to_owned(), string(&protected)),
            ("header".to_owned(), object(&self.header)),
            ("signature".to_owned(), string(&signature)),
        ];
        for (name, json) in &self.members {
            match json {
                Some(json) => set(&mut members, name, json),
                None => members.retain(|(other, _)| other != name),
            }
        }
        members.extend(self.extra_members);
        object(&members).into_bytes()
    }

    fn spelled(&self, member: &str, text: String) -> String {
        self.respell.iter().filter(|(other, _)| *other == member).fold(text, |text, (_, respell)| respell(text))
    }
}

fn set(members: &mut Vec<(String, String)>, name: &str, json: &str) {
    match members.iter_mut().find(|(other, _)| other == name) {
        Some((_, value)) => json.clone_into(value),
        None => members.push((name.into(), json.into())),
    }
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<_> = members.iter().map(|(name, json)| format!("{}:{json}", string(name))).collect();
    format!("{{{}}}", members.join(","))
}
