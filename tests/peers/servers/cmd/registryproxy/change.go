package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strconv"
)

// A change is made to the upstream's answer to a request.
type change func(asked *http.Request, answer *http.Response) error

var (
	referrersPath = regexp.MustCompile(`^(/v2/.+)/referrers/(sha256|sha512):([0-9a-f]+)$`)
	blobPath      = regexp.MustCompile(`^/v2/.+/blobs/(sha256|sha512):([0-9a-f]+)$`)
	manifestPath  = regexp.MustCompile(`^/v2/.+/manifests/[^/]+$`)
)

// pageParameter counts pages from 0, and is ours alone.
const pageParameter = "page"

// askedKey is the request's context's key of the request as it came.
type askedKey struct{}

// rewrite sends requests on as they are, but those for referrers to the fallback tag if so wanted.
func rewrite(upstream *url.URL, referrersAPI bool) func(*httputil.ProxyRequest) {
	return func(request *httputil.ProxyRequest) {
		request.Out = request.Out.WithContext(context.WithValue(request.Out.Context(), askedKey{}, request.In))
		if found := referrersPath.FindStringSubmatch(request.In.URL.Path); found != nil && referrersAPI {
			request.Out.URL.Path, request.Out.URL.RawPath = found[1]+"/manifests/"+found[2]+"-"+found[3], ""
		}
		query := request.Out.URL.Query()
		query.Del(pageParameter)
		request.Out.URL.RawQuery = query.Encode()
		request.SetURL(upstream)
		// Registries name themselves in answers as they were asked for.
		request.Out.Host = request.In.Host
		request.SetXForwarded()
	}
}

func all(changes []change) func(*http.Response) error {
	return func(answer *http.Response) error {
		asked := answer.Request.Context().Value(askedKey{}).(*http.Request)
		for _, change := range changes {
			if err := change(asked, answer); err != nil {
				return err
			}
		}
		return nil
	}
}

// emptyListForNone is what the referrers API answers where there is no fallback tag.
func emptyListForNone(asked *http.Request, answer *http.Response) error {
	if referrersPath.MatchString(asked.URL.Path) && answer.StatusCode == http.StatusNotFound {
		answer.StatusCode = http.StatusOK
		answer.Header = http.Header{"Content-Type": {"application/vnd.oci.image.index.v1+json"}}
		return replace(answer, []byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}`))
	}
	return nil
}

// pages cuts lists of referrers into pages of that many.
func pages(size int, link func(*http.Request, *url.URL) string) change {
	return func(asked *http.Request, answer *http.Response) error {
		if !referrersPath.MatchString(asked.URL.Path) || answer.StatusCode != http.StatusOK {
			return nil
		}
		var index map[string]json.RawMessage
		if err := json.NewDecoder(answer.Body).Decode(&index); err != nil {
			return err
		}
		var manifests []json.RawMessage
		if err := json.Unmarshal(index["manifests"], &manifests); err != nil {
			return err
		}
		query := asked.URL.Query()
		page, _ := strconv.Atoi(query.Get(pageParameter))
		start := min(max(page, 0)*size, len(manifests))
		end := min(start+size, len(manifests))
		if end < len(manifests) {
			query.Set(pageParameter, strconv.Itoa(page+1))
			next := &url.URL{Path: asked.URL.Path, RawQuery: query.Encode()}
			answer.Header.Set("Link", "<"+link(asked, next)+`>; rel="next"`)
		}
		cut, err := json.Marshal(manifests[start:end])
		if err != nil {
			return err
		}
		index["manifests"] = cut
		body, err := json.Marshal(index)
		if err != nil {
			return err
		}
		// It is another document now.
		answer.Header.Del("Docker-Content-Digest")
		return replace(answer, body)
	}
}

// relative is the next page's path and query.
func relative(_ *http.Request, next *url.URL) string { return next.String() }

// absolute is the next page's whole URL, at the host that was asked.
func absolute(asked *http.Request, next *url.URL) string {
	next.Scheme, next.Host = "http", asked.Host
	if asked.TLS != nil {
		next.Scheme = "https"
	}
	return next.String()
}

// blobsElsewhere redirects who may have a blob to the storage.
func blobsElsewhere(storage *url.URL) change {
	return func(asked *http.Request, answer *http.Response) error {
		found := blobPath.FindStringSubmatch(asked.URL.Path)
		if found == nil || asked.Method != http.MethodGet || answer.StatusCode != http.StatusOK {
			return nil
		}
		to := storage.JoinPath(found[1], found[2])
		answer.StatusCode = http.StatusTemporaryRedirect
		answer.Header = http.Header{"Location": {to.String()}}
		return replace(answer, nil)
	}
}

// lastDigit changes the last digit in what is at such a path: size and headers stay, and JSON stays JSON.
func lastDigit(path *regexp.Regexp) change {
	return func(asked *http.Request, answer *http.Response) error {
		if !path.MatchString(asked.URL.Path) || asked.Method != http.MethodGet || answer.StatusCode != http.StatusOK {
			return nil
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			return err
		}
		digit := bytes.LastIndexAny(body, "0123456789")
		if digit < 0 {
			return errors.New("there is no digit to change")
		}
		// The neighbour of an even digit is the next one, of an odd digit the one before.
		body[digit] ^= 1
		return replace(answer, body)
	}
}

func replace(answer *http.Response, body []byte) error {
	err := answer.Body.Close()
	answer.Body = io.NopCloser(bytes.NewReader(body))
	answer.ContentLength = int64(len(body))
	answer.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return err
}
