package catalog

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// wikipedia holds the form of article titles, and that each is of its language as
// far as letters and words tell. A title that is the same in every language is a
// name.
func (k *checker) wikipedia(id string, w Text) {
	name := w == Text{En: w.En, Pt: w.En, Es: w.En}
	for _, l := range Languages() {
		title := w.In(l)
		if title == "" {
			continue
		}
		if fault := malformed(title); fault != "" {
			k.fail(id, "wikipedia in %s: %q %s; want a title in URL form (underscores, no percent signs)", l, title, fault)
			continue
		}
		if sign := foreign(l, title); sign != "" && !name && !slices.Contains(borrowed, title) {
			k.fail(id, "wikipedia in %s: %q is of another language, as %q shows", l, title, sign)
		}
	}
}

// borrowed lists titles of Portuguese or Spanish articles that are in English.
var borrowed = []string{"Cross_Industry_Standard_Process_for_Data_Mining"}

// namespaces begin titles of pages that are no articles, in any of the languages.
var namespaces = regexp.MustCompile(`(?i)^(talk|user|wikipedia|file|image|mediawiki|template|help|category|portal|draft|special|` +
	`discussão|usuário|ficheiro|imagem|predefinição|ajuda|categoria|anexo|especial|` +
	`discusión|usuario|archivo|imagen|plantilla|ayuda|categoría|wikiproyecto|en|pt|es|w):`)

// malformed says what is wrong with a title as one, in any language.
func malformed(title string) string {
	first, _ := utf8.DecodeRuneInString(title)
	switch {
	case strings.Contains(title, "://") || strings.Contains(title, "wiki/"):
		return "is an address"
	case strings.ContainsAny(title, " \t\n%?#<>[]{}|") || !norm.NFC.IsNormalString(title):
		return "has characters that no title has here"
	case strings.HasPrefix(title, "_") || strings.HasSuffix(title, "_") || strings.Contains(title, "__"):
		return "has an underscore that joins nothing"
	case namespaces.MatchString(title):
		return "is no article"
	case !unicode.IsDigit(first) && !unicode.IsUpper(first):
		return "does not begin with a capital or a figure"
	}
	return ""
}

// What a title of a language does not have, unless it is a name: a small word
// between others, an ending, a letter. A small Portuguese or Spanish word before a
// capital can belong to an English name (Rio de Janeiro).
var foreignSigns = map[string]*regexp.Regexp{
	"en": regexp.MustCompile(`[ãõ]|_(?:de|da|do|das|dos|del|la|el|los|las|e|y|ou|em|para|por|com|con)_\p{Ll}|` +
		`^(?:Lei|Ley|Teorema|Teoria|Teoría|Método|História|Historia|Análise|Análisis)_|` +
		`\p{L}+(?:ção|ções|ción|ciones|sión|siones|idade|idades|[lrsv]idad|miento)(?:[_)]|$)`),
	"pt": regexp.MustCompile(`[ñ¿¡]|_(?:of|and|the|for|in|to|with|from|on|by)_|^(?:The|An|El|Los|Las)_|` +
		`_(?:y|el|la|los|las|del|en|con|una)_|\p{L}+(?:ción|ciones|sión|siones|idad|miento)(?:[_)]|$)`),
	"es": regexp.MustCompile(`[ãõçâêôà]|_(?:of|and|the|for|in|to|with|from|on|by)_|^(?:The|An|Os)_|` +
		`_(?:da|do|das|em|na|com|uma|ou)_|\p{L}+(?:idade|idades|agem)(?:[_)]|$)`),
}

// bracketed lists what articles have in brackets to tell them apart, by language.
var bracketed = map[string][]string{
	"en": strings.Fields("programming computer computing science mathematics music statistics finance economics physics chemistry biology " +
		"psychology philosophy learning mining language theory architecture type geometry logic linguistics medicine law geography business " +
		"cooking food art photography grammar literature game chess anatomy"),
	"pt": strings.Fields("programação computação informática ciência matemática música estatística finanças economia física química biologia " +
		"psicologia filosofia aprendizado linguagem teoria arquitetura tipo geometria lógica linguística medicina direito geografia negócios " +
		"culinária alimento arte fotografia gramática literatura jogo xadrez anatomia álgebra astronomia"),
	"es": strings.Fields("programación computación informática ciencia ciencias matemática matemáticas música estadística finanzas economía física " +
		"química biología psicología filosofía aprendizaje lenguaje teoría arquitectura tipo geometría lógica lingüística medicina derecho " +
		"geografía negocios cocina alimento arte fotografía gramática literatura juego ajedrez anatomía álgebra astronomía"),
}

// foreign gives what shows that a title is not of the language, or nothing.
func foreign(language, title string) string {
	if sign := foreignSigns[language].FindString(title); sign != "" {
		return strings.Trim(sign, "_)")
	}
	_, brackets, _ := strings.Cut(title, "_(")
	for _, word := range strings.FieldsFunc(brackets, func(r rune) bool { return strings.ContainsRune("_-)", r) }) {
		for _, other := range Languages() {
			if slices.Contains(bracketed[other], word) && !slices.Contains(bracketed[language], word) {
				return word
			}
		}
	}
	return ""
}
