package render

// plural is a noun for one and for any other number.
type plural [2]string

func (p plural) of(n int) string {
	if n == 1 {
		return p[0]
	}
	return p[1]
}

// vocabulary is every fixed word of the output in one language.
type vocabulary struct {
	step, level, hour, week, link   plural
	levelHeading, overview          string
	needs, quiz, exercises          string
	assumes, behind                 string
	unmet, notKnown                 string
	asked, got                      string
	startsWith, endsWith            string
	project, links, hints, hint     string
	pass, answer, solution          string
	beginner, intermediate, expert  string
	english, portuguese, castellano string
}

// vocabularies is the table of languages; English stands in for any other.
var vocabularies = map[string]vocabulary{
	"en": {
		step: plural{"step", "steps"}, level: plural{"level", "levels"}, hour: plural{"hour", "hours"},
		week: plural{"week", "weeks"}, link: plural{"link", "links"},
		levelHeading: "Level", overview: "overview",
		needs: "needs", quiz: "quiz", exercises: "exercises",
		assumes: "Assumes", behind: "and what these build on", unmet: "Not met", notKnown: "Not recognised as known",
		asked: "asked", got: "got", startsWith: "Starts with", endsWith: "Ends with",
		project: "project", links: "Links", hints: "Hints", hint: "Hint",
		pass: "pass", answer: "Answer", solution: "Solution",
		beginner: "beginner", intermediate: "intermediate", expert: "advanced",
		english: "English", portuguese: "Portuguese", castellano: "Spanish",
	},
	"pt": {
		step: plural{"passo", "passos"}, level: plural{"nível", "níveis"}, hour: plural{"hora", "horas"},
		week: plural{"semana", "semanas"}, link: plural{"link", "links"},
		levelHeading: "Nível", overview: "visão geral",
		needs: "requer", quiz: "questionário", exercises: "exercícios",
		assumes: "Pressupõe", behind: "e aquilo em que se apoiam", unmet: "Não atendido", notKnown: "Não reconhecido como já sabido",
		asked: "pedido", got: "obtido", startsWith: "Começa com", endsWith: "Termina com",
		project: "projeto", links: "Links", hints: "Dicas", hint: "Dica",
		pass: "aprovação", answer: "Resposta", solution: "Solução",
		beginner: "iniciante", intermediate: "intermediário", expert: "avançado",
		english: "inglês", portuguese: "português", castellano: "espanhol",
	},
	"es": {
		step: plural{"paso", "pasos"}, level: plural{"nivel", "niveles"}, hour: plural{"hora", "horas"},
		week: plural{"semana", "semanas"}, link: plural{"enlace", "enlaces"},
		levelHeading: "Nivel", overview: "visión general",
		needs: "requiere", quiz: "cuestionario", exercises: "ejercicios",
		assumes: "Da por sabido", behind: "y aquello en que se apoyan", unmet: "No cumplido", notKnown: "No reconocido como ya sabido",
		asked: "pedido", got: "obtenido", startsWith: "Empieza con", endsWith: "Termina con",
		project: "proyecto", links: "Enlaces", hints: "Pistas", hint: "Pista",
		pass: "aprobación", answer: "Respuesta", solution: "Solución",
		beginner: "principiante", intermediate: "intermedio", expert: "avanzado",
		english: "inglés", portuguese: "portugués", castellano: "español",
	},
}

func wordsOf(language string) vocabulary {
	if v, ok := vocabularies[language]; ok {
		return v
	}
	return vocabularies["en"]
}

// difficulty translates a level's word; one that is not known is shown as given.
func (v vocabulary) difficulty(level string) string {
	switch level {
	case "beginner":
		return v.beginner
	case "intermediate":
		return v.intermediate
	case "advanced":
		return v.expert
	}
	return text(level)
}

func (v vocabulary) language(code string) string {
	switch code {
	case "en":
		return v.english
	case "pt":
		return v.portuguese
	case "es":
		return v.castellano
	}
	return text(code)
}
