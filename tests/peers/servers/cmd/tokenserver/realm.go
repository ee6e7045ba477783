package main

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"image-integrity.test/peers/servers/internal/serve"
)

// accounts are who may log in, and what may be had without a login.
type accounts struct {
	passwords       pairs
	identities      map[string]bool
	public          map[string]bool
	refuseAnonymous bool
}

// realm answers requests for tokens.
type realm struct {
	accounts accounts
	signer   *signer
	noPost   int
}

// ServeHTTP answers GET with Basic or without a login, and POST with an OAuth2 form.
func (r *realm) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	switch {
	case request.Method == http.MethodGet:
		r.get(response, request)
	case request.Method == http.MethodPost && r.noPost == 0:
		r.post(response, request)
	case request.Method == http.MethodPost:
		http.Error(response, http.StatusText(r.noPost), r.noPost)
	default:
		http.Error(response, "GET or POST", http.StatusMethodNotAllowed)
	}
}

func (r *realm) get(response http.ResponseWriter, request *http.Request) {
	query := request.URL.Query()
	asked := scopes(query["scope"])
	if request.Header.Get("Authorization") == "" {
		serve.Note(response, "anonymous")
		granted := r.accounts.withoutLogin(asked)
		if r.accounts.refuseAnonymous && len(granted) < len(asked) {
			refuse(response)
			return
		}
		r.answer(response, "token", query.Get("service"), "", granted)
		return
	}
	name, password, ok := request.BasicAuth()
	noteLogin(response, "basic", name)
	if !ok || !r.accounts.knows(name, password) {
		refuse(response)
		return
	}
	r.answer(response, "token", query.Get("service"), name, asked)
}

func (r *realm) post(response http.ResponseWriter, request *http.Request) {
	form, grant := request.PostFormValue, request.PostFormValue("grant_type")
	var allowed bool
	switch grant {
	case "password":
		allowed = r.accounts.knows(form("username"), form("password"))
	case "refresh_token":
		allowed = r.accounts.identities[form("refresh_token")]
	default:
		http.Error(response, `{"error":"unsupported_grant_type"}`, http.StatusBadRequest)
		return
	}
	noteLogin(response, grant, form("username"))
	if !allowed {
		refuse(response)
		return
	}
	// The OAuth2 form names it access_token and writes scopes into one value.
	r.answer(response, "access_token", form("service"), form("username"), scopes(strings.Fields(form("scope"))))
}

func (r *realm) answer(response http.ResponseWriter, member, service, user string, granted []access) {
	token, err := r.signer.token(service, user, granted)
	if err != nil {
		http.Error(response, err.Error(), http.StatusInternalServerError)
		return
	}
	response.Header().Set("Content-Type", "application/json")
	// A client that has gone is no matter of ours.
	_ = json.NewEncoder(response).Encode(map[string]any{
		member:       token,
		"expires_in": int(lifetime / time.Second),
		"issued_at":  time.Now().UTC().Format(time.RFC3339),
	})
}

// noteLogin logs how the client said who it is, and the user's name where it came; never what proves it.
func noteLogin(response http.ResponseWriter, how, user string) {
	serve.Note(response, how)
	if user != "" {
		serve.Note(response, url.QueryEscape(user))
	}
}

func refuse(response http.ResponseWriter) {
	response.Header().Set("Content-Type", "application/json")
	response.WriteHeader(http.StatusUnauthorized)
	_, _ = response.Write([]byte(`{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":null}]}`))
}

// knows takes an identity token without a user's name as well, as servers do that have no OAuth2 form.
func (a *accounts) knows(name, password string) bool {
	if name == "" && a.identities[password] {
		return true
	}
	wanted, found := a.passwords[name]
	return found && subtle.ConstantTimeCompare([]byte(wanted), []byte(password)) == 1
}

// withoutLogin is what everyone may do: pull from public repositories.
func (a *accounts) withoutLogin(asked []access) []access {
	var granted []access
	for _, each := range asked {
		if each.Type == "repository" && a.public[each.Name] && slices.Contains(each.Actions, "pull") {
			granted = append(granted, access{each.Type, each.Name, []string{"pull"}})
		}
	}
	return granted
}

// scopes reads TYPE:NAME:ACTION,ACTION. A name may hold colons.
func scopes(texts []string) []access {
	var asked []access
	for _, text := range texts {
		kind, rest, _ := strings.Cut(text, ":")
		if colon := strings.LastIndex(rest, ":"); colon >= 0 {
			asked = append(asked, access{kind, rest[:colon], strings.Split(rest[colon+1:], ",")})
		}
	}
	return asked
}
