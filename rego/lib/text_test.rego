package lib.image_integrity.text_test

import data.lib.image_integrity.text

test_control_and_turning_characters_are_not_shown if text.shown("a\nb\u0007c\u202ed\u2028e") == "a?b?c?d?e"

test_long_text_is_cut if {
	shown := text.shown(concat("", ["x" | some _ in numbers.range(1, 2000)]))
	count(shown) <= 1001
}

test_other_values_are_shown_as_json if text.shown({"a": 1}) == "{\"a\":1}"

test_what_is_wrong_and_what_to_do_are_two_sentences if {
	text.sentences("no signature", "Sign it.") == "no signature. Sign it."
	text.sentences("No signature.", "Sign it.") == "No signature. Sign it."
}
